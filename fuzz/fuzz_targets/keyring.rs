//! Feeds libFuzzer's inputs to [`hallpass_fuzz::keyring`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hallpass_fuzz::keyring(data));
