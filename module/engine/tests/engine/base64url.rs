//! The encoding of tokens, at lengths below and above those at which it uses SIMD.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as ONE_BY_ONE;
use hallpass_engine::base64url::{decode, encode};
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #[test]
    fn it_equals_the_encoding_of_one_character_after_the_other(bytes in vec(any::<u8>(), 0..600)) {
        let text = encode(&bytes);
        prop_assert_eq!(&text, &ONE_BY_ONE.encode(&bytes));
        prop_assert_eq!(decode(&text), Some(bytes));
    }

    #[test]
    fn a_changed_character_is_refused_or_changes_the_value(
        bytes in vec(any::<u8>(), 1..600), place in any::<prop::sample::Index>(), character in any::<u8>(),
    ) {
        let mut text = encode(&bytes).into_bytes();
        let place = place.index(text.len());
        prop_assume!(text[place] != character);
        text[place] = character;
        let read = decode(&text);
        prop_assert_ne!(read.as_ref(), Some(&bytes));
        prop_assert_eq!(read, ONE_BY_ONE.decode(&text).ok());
    }

    #[test]
    fn text_of_any_kind_is_read_or_refused_as_it_is_one_character_after_the_other(text in "[A-Za-z0-9_=+/ .-]{0,300}|[A-Za-z0-9_-]{0,600}") {
        prop_assert_eq!(decode(&text), ONE_BY_ONE.decode(&text).ok());
    }
}
