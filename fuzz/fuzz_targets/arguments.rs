//! Feeds libFuzzer's inputs to [`hallpass_fuzz::arguments`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hallpass_fuzz::arguments(data));
