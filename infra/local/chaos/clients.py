"""The people: prospects who submit forms and try again until they are answered, and sales who answer offers."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from chaos.api import Api, Reply, fresh_key, pause
from chaos.history import Answer, History, Submission
from chaos.playbook import CALM, URGENT
from chaos.sink import Hook, Sink

TRIES = 12
SALES = 4


def answers(submission: Submission, is_strong: bool) -> dict:
    """What is typed into the form: by somebody who is worth a call by the sample playbook, or who stays with
    marketing. The message makes each submission another."""
    typed = {"email": submission.email, "first_name": "Ada", "message": f"Submission {submission.number}"}
    more = {"last_name": "Winter", "company": "Winter Works", "title": "VP Sales", "employees": "800"}
    return typed | more | {"timeline": "this month"} if is_strong else typed


def people(count: int, form: str, run: str, seed: int) -> list[Submission]:
    """So many people, all worth a call, each of whom submits once."""
    draw = random.Random(f"{seed} {run}")
    plan = [
        Submission(number, f"ada.winter@works-{run}-{number}.example", form, fresh_key(draw)) for number in range(count)
    ]
    for submission in plan:
        submission.answers = answers(submission, is_strong=True)
    return plan


def planned(count: int, run: str, seed: int) -> list[Submission]:
    """Who submits what. One in five comes a second time, soon after and perhaps with another spelling of the address;
    one in ten has little time to be answered in, and one in ten is worth little."""
    draw = random.Random(f"{seed} {run}")
    plan: list[tuple[Submission, bool]] = []
    while len(plan) < count:
        form = URGENT if draw.random() < 0.1 else CALM
        is_strong = draw.random() < 0.9
        emails = [f"ada.winter@works-{run}-{len(plan)}.example"]
        if draw.random() < 0.25:
            emails.append(emails[0].upper() if draw.random() < 0.5 else emails[0])
        plan += [(Submission(0, email, form, fresh_key(draw)), is_strong) for email in emails]
    # Neighbours swap places, so that the two submissions of a person meet others and, now and then, each other.
    for place in range(0, len(plan) - 3, 2):
        if draw.random() < 0.5:
            plan[place], plan[place + 3] = plan[place + 3], plan[place]
    for number, (submission, is_strong) in enumerate(plan[:count]):
        submission.number = number
        submission.answers = answers(submission, is_strong)
    return [submission for submission, _ in plan[:count]]


def submit(api: Api, submission: Submission, seed: int) -> None:
    """Sends a submission until it is answered clearly; then, now and then, once more as a double click would."""
    draw = random.Random(f"{seed} {submission.key}")
    again = draw.random() < 0.05
    for attempt in range(TRIES):
        submission.tries += 1
        headers = {"Idempotency-Key": submission.key}
        reply = api.call("POST", f"/forms/{submission.form}/submissions", submission.answers, headers)
        if reply.status == 202:
            submission_id = reply.body["submission_id"]
            if submission_id not in submission.acknowledged:
                submission.acknowledged.append(submission_id)
            if not again:
                return
            again = False
        elif not reply.unclear:
            submission.refused.append(reply.status)
            return
        else:
            pause(draw, attempt)


def crowd(api: Api, submissions: list[Submission], seed: int, at_once: int) -> None:
    """Sends all submissions, so many at once, and returns when every client is through."""
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda submission: submit(api, submission, seed), submissions))


class Sales:
    """Salespeople who answer some of the offers that their webhook tells them of, in their CRM or by the signed link."""

    def __init__(self, api: Api, sink: Sink, history: History, seed: int):
        self.api, self.sink, self.history = api, sink, history
        self.draw = random.Random(seed + 1)
        self.stopping = threading.Event()
        self.pool = ThreadPoolExecutor(SALES)
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self) -> None:
        looked_at, known = 0, set()
        while not self.stopping.is_set():
            hooks = self.sink.seen()
            for hook in hooks[looked_at:]:
                if hook.kind == "lead.offered" and hook.id not in known:
                    known.add(hook.id)
                    self.pool.submit(self.consider, hook, self.draw.random(), self.draw.getrandbits(64))
            looked_at = len(hooks)
            time.sleep(0.2)

    def consider(self, hook: Hook, mood: float, seed: int) -> None:
        """What becomes of one offer; more than half of them nobody answers."""
        effect = hook.data["effect"]
        if mood < 0.25:
            self.answer(hook, effect, "accept", seed)
        elif mood < 0.35:
            self.by_link(hook, effect, seed)
        elif mood < 0.45:
            self.answer(hook, effect, "reject", seed)

    def answer(self, hook: Hook, effect: dict, verb: str, seed: int) -> None:
        draw = random.Random(seed)
        body = {"rep_id": effect["rep_id"]} | ({"reason": "not-mine"} if verb == "reject" else {})
        headers = {"Idempotency-Key": fresh_key(draw)}
        self.insist(
            Answer(hook.lead_id, effect["rep_id"], effect["offer"], verb),
            lambda: self.api.call("POST", f"/leads/{hook.lead_id}/{verb}", body, headers),
            draw,
        )

    def by_link(self, hook: Hook, effect: dict, seed: int) -> None:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self.insist(
            Answer(hook.lead_id, effect["rep_id"], effect["offer"], "accept"),
            lambda: self.api.call("POST", hook.data["answer_url"], b"action=accept", headers),
            random.Random(seed),
        )

    def insist(self, answer: Answer, send, draw: random.Random) -> None:
        """Sends until the answer is clear, and keeps what became of it."""
        for attempt in range(TRIES):
            reply: Reply = send()
            answer.status = reply.status
            if not reply.unclear:
                break
            pause(draw, attempt)
        self.history.answers.append(answer)

    def stop(self) -> None:
        """No more offers are looked at; what has been begun is ended."""
        self.stopping.set()
        self.thread.join()
        self.pool.shutdown()
