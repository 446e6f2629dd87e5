"""A real OpenStack on one computer, and the check of any OpenStack. A wing: no other room imports it but app.py."""
