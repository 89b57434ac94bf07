"""The nine steps, a file each; every file's `handler` is a Lambda function."""
