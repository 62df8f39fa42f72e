//! Feeds libFuzzer's inputs to [`hallpass_fuzz::record`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hallpass_fuzz::record(data));
