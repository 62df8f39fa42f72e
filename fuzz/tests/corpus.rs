//! Replays every kept input of fuzzing on stable Rust, without libFuzzer.

use hallpass_fuzz::TARGETS;
use std::{fs, path::Path};

#[test]
fn every_kept_input_has_its_property() {
    for (name, property) in TARGETS {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let inputs: Vec<_> =
            fs::read_dir(&corpus).expect("a corpus").map(|entry| entry.expect("an entry")).collect();
        assert!(!inputs.is_empty(), "{name} has a corpus");
        for input in inputs {
            let data = fs::read(input.path()).expect("an input");
            assert!(data.len() <= 4096, "{:?} is too large", input.path());
            println!("{name}: {:?}", input.file_name());
            property(&data);
        }
    }
}
