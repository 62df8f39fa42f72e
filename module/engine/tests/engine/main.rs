//! The engine's contract, through its public API only: one file per subject.

mod access_forgery;
mod access_refusal;
mod access_token;
mod base64url;
mod keys_choice;
mod keys_parsing;
mod keys_weak;
mod known_answers;
mod record;
mod record_hostile;
mod record_view;
mod reference;
mod refresh_token;
mod rotation_honest;
mod rotation_model;
mod rotation_table;
mod support;
mod token_subject;
mod wycheproof;
