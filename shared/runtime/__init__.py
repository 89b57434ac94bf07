"""What turns a step into a Lambda function."""
