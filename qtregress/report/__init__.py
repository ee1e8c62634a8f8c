"""Reports: a verdict or metrics in, text out."""
