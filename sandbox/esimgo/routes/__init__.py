"""eSIM Go API v2.5, one file per part of the documentation."""
