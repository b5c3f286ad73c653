"""Whether a policy in the language of IAM allows a request.

AWS's documented order: an explicit deny, then an allow, then the implicit deny. Left out are
service control policies, permissions boundaries, session policies, policies of resources, policy
variables (`${...}`) and conditions on numbers, dates, addresses and binary values: a document that
has one of these is refused at the start, never read as something else.
"""
