//! Hallpass: `AUTH.*` commands inside Redis.
