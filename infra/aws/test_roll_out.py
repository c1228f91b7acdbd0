"""What `make deploy` decides before it touches anything."""

import contextlib
import io
import json
import unittest
from unittest import mock

from botocore.exceptions import ClientError

import roll_out


class Parameters(unittest.TestCase):
    def test_pairs_of_the_template_are_taken(self):
        given = roll_out.parameters("AlarmAddress=ops@firm.example LogRetention=90")
        self.assertEqual(given, {"AlarmAddress": "ops@firm.example", "LogRetention": "90"})
        self.assertEqual(roll_out.parameters(""), {})

    def test_what_is_unknown_or_for_emulators_is_refused(self):
        for wrong in ["Alarm=x", "AlarmAddress", "AllowLocalTargets=true", "GatewayEndpoint=http://x"]:
            with self.assertRaises(SystemExit, msg=wrong):
                roll_out.parameters(wrong)

    def test_what_is_not_given_again_stays(self):
        merged = roll_out.merged({"LogLevel": "debug"}, ["LogLevel", "Tracing", "GoneSince"])
        self.assertEqual(
            merged,
            [
                {"ParameterKey": "LogLevel", "ParameterValue": "debug"},
                {"ParameterKey": "Tracing", "UsePreviousValue": True},
            ],
        )


class Changes(unittest.TestCase):
    def test_a_table_is_never_replaced(self):
        change = {"Action": "Modify", "LogicalResourceId": "Table", "Replacement": "True"}
        self.assertEqual(roll_out.replaced([change]), ["Table"])
        self.assertEqual(roll_out.replaced([change | {"Replacement": "False"}]), [])
        self.assertEqual(roll_out.replaced([{"Action": "Remove", "LogicalResourceId": "MasterSecret"}]), ["MasterSecret"])
        self.assertEqual(roll_out.replaced([change | {"LogicalResourceId": "ScoreFunction"}]), [])

    def test_each_change_has_a_line(self):
        lines = roll_out.told(
            [
                {"Action": "Add", "LogicalResourceId": "Bus"},
                {"Action": "Modify", "LogicalResourceId": "Api", "Replacement": "True"},
            ]
        )
        self.assertEqual(lines, ["     new  Bus", " changed  Api  (replaced)"])

    def test_a_stack_that_is_busy_or_dead_is_left_alone(self):
        self.assertIsNone(roll_out.settled(None, "s"))
        self.assertIsNone(roll_out.settled("REVIEW_IN_PROGRESS", "s"))
        self.assertEqual(roll_out.settled("UPDATE_ROLLBACK_COMPLETE", "s"), "UPDATE_ROLLBACK_COMPLETE")
        for status in ["UPDATE_IN_PROGRESS", "ROLLBACK_COMPLETE"]:
            with self.assertRaises(SystemExit, msg=status):
                roll_out.settled(status, "s")


class Architecture(unittest.TestCase):
    def test_what_the_stack_has_is_kept_until_another_is_asked_for(self):
        has = [{"ParameterKey": "Architecture", "ParameterValue": "x86_64"}]
        self.assertEqual(roll_out.chosen("", {}, []), "arm64")
        self.assertEqual(roll_out.chosen("", {}, has), "x86_64")
        self.assertEqual(roll_out.chosen("arm64", {}, has), "arm64")
        self.assertEqual(roll_out.chosen("", {"Architecture": "arm64"}, has), "arm64")
        for wanted, given in [("riscv", {}), ("", {"Architecture": "x86-64"}), ("arm64", {"Architecture": "x86_64"})]:
            with self.assertRaises(SystemExit, msg=(wanted, given)):
                roll_out.chosen(wanted, given, [])


class Bucket(unittest.TestCase):
    """What is uploaded, and to whom."""

    def setUp(self):
        self.kept = roll_out.upload
        roll_out.upload = lambda s3, bucket, name, **whose: s3.put_object(Bucket=bucket, Key=name, **whose)

    def tearDown(self):
        roll_out.upload = self.kept

    def test_it_is_made_for_us_alone_and_over_tls_only(self):
        s3 = Storage("404")
        address = roll_out.published(s3, "code", "eu-central-1", "111122223333")
        self.assertRegex(address, r"^https://code\.s3\.eu-central-1\.amazonaws\.com/template/[0-9a-f]{64}\.yaml$")
        made = dict(s3.calls)
        self.assertEqual(made["create_bucket"]["CreateBucketConfiguration"], {"LocationConstraint": "eu-central-1"})
        self.assertEqual(set(made["put_public_access_block"]["PublicAccessBlockConfiguration"].values()), {True})
        (refused,) = json.loads(made["put_bucket_policy"]["Policy"])["Statement"]
        self.assertEqual((refused["Effect"], refused["Principal"], refused["Action"]), ("Deny", "*", "s3:*"))
        self.assertEqual(refused["Condition"], {"Bool": {"aws:SecureTransport": "false"}})
        self.assertEqual(refused["Resource"], ["arn:aws:s3:::code", "arn:aws:s3:::code/*"])
        for call, request in s3.calls:
            if call != "create_bucket":
                self.assertEqual(request["ExpectedBucketOwner"], "111122223333", call)

    def test_one_that_is_there_is_left_as_it_is(self):
        s3 = Storage(None)
        roll_out.published(s3, "code", "us-east-1", "111122223333")
        self.assertEqual({call for call, _ in s3.calls}, {"head_bucket", "put_object"})
        self.assertRegex(s3.calls[-1][1]["Key"], "^template/")

    def test_one_of_somebody_else_gets_nothing(self):
        s3 = Storage("403")
        with self.assertRaises(SystemExit) as ended:
            roll_out.published(s3, "code", "us-east-1", "111122223333")
        self.assertIn("BUCKET=name", str(ended.exception))
        self.assertEqual([call for call, _ in s3.calls], ["head_bucket"])

    def test_a_trouble_of_s3_is_not_taken_for_an_answer(self):
        s3 = Storage("503")
        with self.assertRaises(ClientError):
            roll_out.published(s3, "code", "us-east-1", "111122223333")
        self.assertEqual([call for call, _ in s3.calls], ["head_bucket"])


class Storage:
    """S3, as far as it is asked; `refuses` is what it says of the bucket."""

    def __init__(self, refuses):
        self.refuses, self.calls = refuses, []

    def __getattr__(self, call):
        def called(**request):
            self.calls.append((call, request))
            if call == "head_bucket" and self.refuses:
                raise ClientError({"Error": {"Code": self.refuses, "Message": "?"}}, "HeadBucket")

        return called


class Failures(unittest.TestCase):
    def test_why_something_failed_is_told_once_and_of_this_change_alone(self):
        events = [
            event("3", "CREATE_FAILED", "Bus", "now"),
            event("2", "CREATE_COMPLETE", "Api", "now"),
            event("1", "UPDATE_FAILED", "Table", "before"),
        ]
        cloudformation = mock.Mock()
        cloudformation.get_paginator.return_value.paginate.return_value = [{"StackEvents": events}]
        states = ["ROLLBACK_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]
        with (
            mock.patch.object(roll_out, "stack_status", side_effect=states),
            mock.patch.object(roll_out.time, "sleep"),
            contextlib.redirect_stdout(io.StringIO()) as out,
            self.assertRaises(SystemExit),
        ):
            roll_out.finished(cloudformation, "s", "now")
        self.assertEqual(out.getvalue().count("Bus (AWS::X): no room"), 1)
        self.assertNotIn("Table", out.getvalue())


def event(number, status, resource, change):
    """What CloudFormation says of a resource."""
    return {
        "EventId": number,
        "ResourceStatus": status,
        "LogicalResourceId": resource,
        "ResourceType": "AWS::X",
        "ResourceStatusReason": "no room",
        "ClientRequestToken": change,
    }


class Words(unittest.TestCase):
    def test_the_last_ones_say_how_leadctl_gets_credentials(self):
        said = roll_out.what_next({"ApiUrl": "https://api", "TableName": "t"}, "s", "eu-central-1")
        self.assertIn('eval "$(aws configure export-credentials --profile NAME --format env)"', said)


if __name__ == "__main__":
    unittest.main()
