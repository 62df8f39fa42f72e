//! A command's arguments: every option at most once, and everything that was written is read.

use hallpass_engine::arguments::{self, ArgumentError, Keyword, Options};
use hallpass_engine::{keywords, sid};

keywords! {
    /// Options like those of AUTH.ISSUE: some without a value, some with one, and some followed by an optional keyword.
    enum Known { WithClaims = "WITHCLAIMS", Class = "CLASS", Limit = "LIMIT", Sid = "SID", Client = "CLIENT", Shared = "SHARED" }
}

keywords! {
    enum Mode { Evict = "EVICT", Reject = "REJECT" }
}

keywords! {
    enum Publicness { Public = "PUBLIC" }
}

/// Returns the spelling of a keyword.
fn word_of<K: Keyword + PartialEq>(keyword: K) -> &'static str {
    K::WORDS.iter().find(|(_, other)| *other == keyword).expect("every keyword has a word").0
}

/// Parses arguments that are separated by NUL.
pub fn arguments(data: &[u8]) {
    let args: Vec<&[u8]> = data.split(|byte| *byte == 0).collect();
    if let Ok(read) = read(&args) {
        let mut names: Vec<_> = read.iter().map(|option| option.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), read.len(), "an option was given twice");
        let written: Vec<&[u8]> = read.iter().flat_map(Given::words).collect();
        assert_eq!(written.len(), args.len());
        assert!(args.iter().zip(&written).all(|(arg, word)| arg.eq_ignore_ascii_case(word)));
        assert!(self::read(&written).is_ok_and(|again| again == read));
    }
    args.into_iter().for_each(value_is_exact_or_refused);
}

#[derive(PartialEq)]
struct Given<'a> {
    name: &'static str,
    value: Option<&'a [u8]>,
    word: Option<&'static str>,
}

impl<'a> Given<'a> {
    fn words(&self) -> impl Iterator<Item = &'a [u8]> {
        let (name, word) = (Some(self.name.as_bytes()), self.word.map(str::as_bytes));
        [name, self.value, word].into_iter().flatten()
    }
}

fn read<'a>(args: &'a [&'a [u8]]) -> Result<Vec<Given<'a>>, ArgumentError> {
    let mut options = Options::<_, Known>::new(args);
    let mut read = Vec::new();
    while let Some(name) = options.next_name()? {
        let value = if name == Known::WithClaims { None } else { Some(options.value()?) };
        let word = match name {
            Known::Limit => options.optional_word::<Mode>().map(word_of),
            Known::Client => options.optional_word::<Publicness>().map(word_of),
            Known::WithClaims | Known::Class | Known::Sid | Known::Shared => None,
        };
        read.push(Given { name: word_of(name), value, word });
    }
    Ok(read)
}

/// Numbers and ids have one spelling, and names and audiences come back as they were.
fn value_is_exact_or_refused(arg: &[u8]) {
    if let Ok(number) = arguments::integer(arg, 1..=10_000) {
        assert!((1..=10_000).contains(&number) && number.to_string().as_bytes() == arg);
    }
    if let Ok(name) = arguments::name(arg) {
        assert!(name.as_bytes() == arg && (1..=64).contains(&arg.len()));
        assert!(arguments::audience(arg).is_ok(), "every name is printable");
    }
    if let Ok(audience) = arguments::audience(arg) {
        assert!(audience.as_bytes() == arg && !audience.contains(|c: char| c.is_control() || !c.is_ascii()));
    }
    if let Some(sid) = sid::parse(arg) {
        assert_eq!(sid.to_string().as_bytes(), arg);
    }
}
