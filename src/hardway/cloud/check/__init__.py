"""`hardway cloud check`: what a cloud has of the article's twelve services, whether each works, and what is amiss.

Works against any OpenStack, through openstacksdk alone. Touches that cloud: every proof makes small objects and takes
them away again. Knows nothing of the cloud that hardway itself makes.
"""
