//! Feeds libFuzzer's inputs to [`hallpass_fuzz::access_claims`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hallpass_fuzz::access_claims(data));
