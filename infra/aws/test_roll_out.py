"""What `make deploy` decides before it touches anything."""

import unittest

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


if __name__ == "__main__":
    unittest.main()
