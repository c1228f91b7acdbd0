"""What LocalStack needs to run Leadline on a machine without Docker."""
