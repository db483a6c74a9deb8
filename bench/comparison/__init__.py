"""What bench/compare, bench/hosts and bench/reload share."""
