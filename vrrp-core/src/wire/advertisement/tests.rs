//! Verdicts and octets of advertisements.
