//! Feeds libFuzzer's inputs to [`hallpass_fuzz::rotation`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hallpass_fuzz::rotation(data));
