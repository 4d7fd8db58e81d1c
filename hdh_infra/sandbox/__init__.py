"""Clouds on this machine: a real OpenStack, a real S3 server and a simulator for the rest.

It deliberately knows nothing of how a platform is lowered (`clouds/`): the services answer to
their own contracts and rules, so that a wrong plan fails here as it would there.
"""
