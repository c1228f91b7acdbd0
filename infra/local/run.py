"""make run: everything up to a deployment with sample leads in it, left serving."""

import os
import subprocess
import sys

import emulator
import fixtures
from progress import Steps
from settings import ROOT, RUN
from stack import bring_up, with_key


def main() -> None:
    emulator.check()
    steps = Steps(total=7)
    with steps.step("Building the functions and leadctl (the first time takes minutes)"):
        if subprocess.run(["make", "--no-print-directory", "build"], cwd=ROOT).returncode != 0:
            sys.exit("The build failed.")
    with steps.step("Starting the emulator"):
        endpoint, fresh = emulator.ensure(RUN)
        print(f"      {'started' if fresh else 'already running'} at {endpoint}")
    with steps.step("Deploying infra/template.yaml"):
        values = bring_up(RUN, endpoint)
    with steps.step("Making an API key"):
        values = with_key(RUN, values)
        environment = os.environ | values
    with steps.step("Publishing the sample playbook"):
        fixtures.publish_playbook(environment)
    with steps.step("Submitting the sample leads"):
        # Again on a deployment that has them they would only become further touches of the same leads.
        if fixtures.list_leads(environment):
            print("      there are leads already")
        else:
            fixtures.submit_leads(environment)
    with steps.step("Waiting until they are assigned"):
        fixtures.wait_until_settled(environment)
    print()
    fixtures.leadctl(environment, "leads")
    print(
        f"\nServing. API_URL, API_KEY and the rest are in .local/env:"
        f"\n  API    {values['API_URL']}"
        f"\n  Form   {values['API_URL']}/forms/{fixtures.SAMPLE_FORM}"
        f"\nmake logs shows what the functions have logged, .local/run/emulator.log what the emulator has."
        f"\nmake stop ends it."
    )


if __name__ == "__main__":
    main()
