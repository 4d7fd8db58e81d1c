"""What runs in OpenStack's own environment: the supervisor, the services, and the few changes made to them.

It is started there under the name `hdh_openstack_box` and deliberately imports nothing of this project's other
rooms: the two environments share no package.
"""
