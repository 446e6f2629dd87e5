"""Volumes of a cluster: which there are and where, and their content in a file that can be brought back.

A wing: registered in app.py, imported by no other room. Reads the Kubernetes API and makes claims there, reads and
writes volumes on workers, and writes archives on this computer.
"""
