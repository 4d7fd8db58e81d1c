"""What is asked: platform, zones, project spaces, stores, machines, keys, flows. No cloud is named here.

The words are NIST's and the health-data domain's; a bucket, a VPC or a security group belongs to `clouds/`.
"""
