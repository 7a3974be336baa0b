"""One method for each endpoint of eSIM Go API v2.5 in use; ESIMGoClient is made of these rooms."""
