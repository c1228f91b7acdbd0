"""The checker can fail: each kind of harm, planted into a record that is sound, is found and named."""

import unittest

from chaos.checker import Record, check, expected_hooks
from chaos.history import Answer, History, Submission
from chaos.sink import Hook, signature


def event(seq: int, kind: str, **details) -> dict:
    return {"seq": seq, "kind": kind, "details": details}


def sound() -> Record:
    """Two people: one came twice and was offered and moved on once; one was never acknowledged and is there."""
    history = History(
        submissions=[
            Submission(0, "a@x.example", "chaos", "k0", tries=1, acknowledged=["sub_a1"]),
            Submission(1, "A@X.example", "chaos", "k1", tries=2, acknowledged=["sub_a2"]),
            Submission(2, "b@y.example", "chaos", "k2", tries=5),
            Submission(3, "c@z.example", "chaos", "k3", tries=0),
        ],
        answers=[Answer("ld_a", "rep-1", 1, "reject", 200), Answer("ld_b", "rep-1", 1, "accept", 0)],
    )
    timelines = {
        "ld_a": [
            event(1, "captured", submission_id="sub_a1"),
            event(2, "touched", submission_id="sub_a2", fields=[], verified=False),
            event(3, "offered", rep_id="rep-1", pool_id="pool", offer=1),
            event(4, "notified", effects=["ld_a.1.offer.1"]),
            event(5, "rejected", rep_id="rep-1", reason="not-mine"),
            event(6, "offered", rep_id="rep-2", pool_id="pool", offer=2),
            event(7, "reminded", clock="accept", step=1),
            event(8, "notified", effects=["ld_a.1.offer.2"]),
        ],
        "ld_b": [event(1, "captured", submission_id="sub_b"), event(2, "nurtured")],
    }
    leads = [
        lead("ld_a", "offered", 8, "a@x.example", {"rep_id": "rep-2", "offer": 2}),
        lead("ld_b", "nurturing", 2, "b@y.example", None),
    ]
    return Record(
        history=history,
        leads=leads,
        timelines=timelines,
        receipts={"sub_a1": "ld_a", "sub_a2": "ld_a"},
        reps={"rep-1": {"open": 0}, "rep-2": {"open": 1}},
        pools={"pool": {"turns": 2}},
        hooks=[hook("ld_a.1.offer.1"), hook("ld_a.1.offer.1"), hook("ld_a.1.offer.2")],
    )


def lead(lead_id: str, stage: str, version: int, email: str, owner: dict | None) -> dict:
    return {
        "lead_id": lead_id,
        "stage": stage,
        "version": version,
        "contact": {"email": email},
        "owner": owner,
        "due_at": None,
    }


def hook(hook_id: str, verified: bool = True) -> Hook:
    return Hook(hook_id, hook_id.split(".")[0], "lead.offered", verified, True, {})


class CheckerTest(unittest.TestCase):
    def test_a_sound_record_has_no_harm(self):
        verdict = check(sound())
        self.assertEqual(verdict.harm(), dict.fromkeys(verdict.harm(), []))
        self.assertEqual((verdict.recovered, verdict.repeated_attempts), (1, 1))

    def assert_harm(self, name: str, break_it) -> None:
        record = sound()
        break_it(record)
        verdict = check(record)
        self.assertTrue(verdict.harm()[name], f"{name} not found: {verdict.harm()}")

    def test_acknowledged_and_nowhere_is_lost(self):
        self.assert_harm("lost", lambda r: r.receipts.update(sub_a2=None))
        self.assert_harm("lost", lambda r: r.timelines["ld_a"].pop(1))
        self.assert_harm("lost", lambda r: r.leads.pop(0))

    def test_a_refusal_is_a_loss(self):
        self.assert_harm("lost", lambda r: r.history.submissions[2].refused.append(422))

    def test_an_answer_of_sales_that_left_no_trace_is_lost(self):
        self.assert_harm("lost", lambda r: r.history.answers.append(Answer("ld_a", "rep-2", 2, "accept", 200)))

    def test_what_nobody_sent_is_unexpected(self):
        extra = event(3, "touched", submission_id="sub_x")
        self.assert_harm("unexpected", lambda r: r.timelines["ld_b"].append(extra))
        self.assert_harm("unexpected", lambda r: r.leads.append(lead("ld_z", "nurturing", 0, "z@z.example", None)))

    def test_what_was_never_sent_cannot_be_recovered(self):
        def unsent(record):
            record.history.submissions[2].tries = 0

        self.assert_harm("unexpected", unsent)

    def test_a_submission_with_the_wrong_person_is_unexpected(self):
        def swap(record):
            record.leads[0]["contact"]["email"] = "b@y.example"

        self.assert_harm("unexpected", swap)

    def test_two_of_what_there_may_be_one_of_is_duplicated(self):
        self.assert_harm("duplicated", lambda r: r.history.submissions[0].acknowledged.append("sub_a9"))
        again = event(3, "touched", submission_id="sub_a1")
        self.assert_harm("duplicated", lambda r: r.timelines["ld_b"].append(again))
        twin = lead("ld_c", "nurturing", 0, "A@x.example", None)
        self.assert_harm("duplicated", lambda r: r.leads.append(twin))

    def test_a_lead_that_does_not_come_to_rest_is_stuck(self):
        for stage in ("received", "enriched", "scored"):
            self.assert_harm("stuck", lambda r, stage=stage: r.leads[1].update(stage=stage))
        self.assert_harm("stuck", lambda r: r.leads[0].update(owner=None))
        self.assert_harm("stuck", lambda r: r.restless.append("ld_b"))

    def test_two_assignments_where_one_belongs_are_found(self):
        self.assert_harm("misrouted", lambda r: r.timelines["ld_a"][5]["details"].update(offer=1))
        self.assert_harm("misrouted", lambda r: r.timelines["ld_a"][5]["details"].update(rep_id="rep-1"))
        self.assert_harm("misrouted", lambda r: r.leads[0]["owner"].update(rep_id="rep-1"))
        self.assert_harm("misrouted", lambda r: r.reps["rep-1"].update(open=1))
        self.assert_harm("misrouted", lambda r: r.pools["pool"].update(turns=3))

    def test_a_step_of_a_ladder_comes_once(self):
        def twice(record):
            record.timelines["ld_a"][7] = dict(record.timelines["ld_a"][6], seq=8)

        self.assert_harm("misrouted", twice)

    def test_a_gap_in_a_timeline_is_found(self):
        self.assert_harm("broken timelines", lambda r: r.timelines["ld_a"].pop(6))
        self.assert_harm("broken timelines", lambda r: r.leads[0].update(version=9))

    def test_webhooks_that_are_missing_invented_or_forged_are_found(self):
        self.assert_harm("notifications", lambda r: r.hooks.pop())
        self.assert_harm("notifications", lambda r: r.hooks.append(hook("ld_a.1.offer.3")))
        self.assert_harm("notifications", lambda r: r.hooks.append(hook("ld_a.1.offer.2", verified=False)))

    def test_an_offer_that_nobody_confirmed_is_missed_while_it_stands(self):
        def untold(record):
            record.timelines["ld_a"][7]["details"]["effects"] = []
            record.hooks.pop()

        self.assert_harm("notifications", untold)

    def test_what_a_ladder_owes_is_expected(self):
        events = [
            event(1, "captured", submission_id="s"),
            event(2, "offered", rep_id="a", pool_id="p", offer=1),
            event(3, "reassigned", **{"from": "a"}, rep_id="b", pool_id="p", offer=2),
            event(4, "manager_told", clock="accept", step=3),
            event(5, "returned_to_marketing", step=4),
            event(6, "offered", rep_id="a", pool_id="p", offer=1),
        ]
        certain, possible = expected_hooks("ld", events)
        told = {"ld.1.moved.1", "ld.1.manager.2.accept.3", "ld.1.returned.5", "ld.2.offer.1"}
        # The first two offers ended before anybody was told of them.
        self.assertEqual(certain, told)
        self.assertEqual(possible, told | {"ld.1.offer.1", "ld.1.offer.2"})

    def test_the_sample_of_the_specification_verifies(self):
        # The example of the Standard Webhooks specification.
        body = b'{"test": 2432232314}'
        signed = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body
        )
        self.assertEqual(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")


if __name__ == "__main__":
    unittest.main()
