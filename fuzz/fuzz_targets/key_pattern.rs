//! Feeds libFuzzer's inputs to [`hallpass_fuzz::key_pattern`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hallpass_fuzz::key_pattern(data));
