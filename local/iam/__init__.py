"""IAM in the local cloud: what policies say, what a call requires, and who may make it.

Every call that a function makes is judged by the policies of its role, as the template deploys
them; so is what AWS itself does in a role: invoking, polling, logging, exporting. What was allowed
is recorded, so that a test run can find the permissions that nothing has used.
"""
