"""Unipile, API v1: the client, its error table, the webhook normaliser and a simulation of the whole provider."""
