//! The pieces of code in docs/commands.md, as they are written, in each of their languages.

use std::{fs, process::Command};

use serde_json::{Value as Json, json};

use crate::{
    documents::pages::blocks,
    support::{
        http_server::directory,
        tokens::base64,
        tools::{succeeds, system_program, tool},
        *,
    },
};

/// Returns the code of a language in a section of the page.
#[track_caller]
fn code(section: &str, language: &str) -> String {
    let mut blocks = blocks("docs/commands.md").into_iter();
    let found = blocks.find(|block| block.section == section && block.language == language);
    found.expect("the block").text
}

/// Returns texts that are not tokens or name no subject.
fn rubbish() -> Vec<String> {
    let plain = [
        "",
        ".",
        "..",
        "...",
        "a",
        "a.b.c",
        "é.é.é",
        "hp1",
        "hp1.",
        "hp1..",
        "hp1.k",
        "hp1.k..s.0.m",
        "\u{0}",
    ];
    let refresh = ["hp1.k.!!!.s.0.m", "hp1.k.é.s.0.m", "hp1.k.a.s.0.m", "hp1.k.a=.s.0.m", "hp1.k.\n.s.0.m"];
    let payloads = [
        "",
        "null",
        "[]",
        "1",
        "\"sub\"",
        "{}",
        "{",
        "{\"sub\":null}",
        "{\"sub\":1}",
        "{\"sub\":[\"a\"]}",
        "{\"sub\":{}}",
        "{\"sub\":true}",
        "{\"sub\":\"\"}",
    ];
    let deep = ["[".repeat(100_000), "{\"sub\":".repeat(100_000), "9".repeat(10_000)];
    let payloads = payloads.map(str::to_owned).into_iter().chain(deep);
    let access = payloads.map(|payload| format!("e30.{}.c2ln", base64(payload.as_bytes())));
    plain.into_iter().chain(refresh).map(str::to_owned).chain(access).collect()
}

/// Returns tokens whose subject decodes to a text that cannot be a subject.
fn impossible() -> Vec<String> {
    let lone_surrogate = base64(br#"{"sub":"\ud800"}"#);
    vec![format!("e30.{lone_surrogate}.c2ln"), "hp1.k._w.s.0.m".to_owned()]
}

/// Runs the page's function, behind `head` and before `tail`, with an interpreter. It is called for every text of a
/// JSON array in the file `texts`, and its answers are printed as JSON.
#[track_caller]
fn answers(mut interpreter: Command, file: &str, program: &str, texts: &[String]) -> Vec<Json> {
    let dir = directory();
    fs::write(dir.path().join(file), program).unwrap();
    fs::write(dir.path().join("texts"), json!(texts).to_string()).unwrap();
    let said = succeeds(file, interpreter.current_dir(dir.path()).arg(file));
    let answers: Json = serde_json::from_str(&said).unwrap();
    answers.as_array().unwrap().clone()
}

/// Asserts that the function finds the subject of both kinds of tokens, and none in anything else.
#[track_caller]
fn reads_subjects(language: &str, interpreter: Command, file: &str, head: &str, tail: &str) {
    let redis = Redis::start();
    let subject = "Zoë/7 \u{1f600}";
    let tokens = redis.connect().issue(&format!("auth:{subject}"), &[]).unwrap();
    let (rubbish, impossible) = (rubbish(), impossible());
    let texts = [vec![tokens.access, tokens.refresh], rubbish, impossible.clone()].concat();
    let program = format!("{head}\n{}\n{tail}\n", code("The subject of a token", language));
    let found = answers(interpreter, file, &program, &texts);
    assert_eq!(found[..2], [json!(subject), json!(subject)]);
    for (text, answer) in texts.iter().zip(&found).skip(2) {
        let is_none = answer.is_null() || answer == "";
        assert!(is_none || impossible.contains(text), "{language} finds {answer} in {text:.100}");
    }
}

#[test]
fn the_subject_is_read_in_python() {
    let tail = "print(json.dumps([subject_of(text) for text in json.load(open('texts'))]))\n\
                assert subject_of(None) is None and subject_of(b'a.b') is None";
    reads_subjects("python", Command::new(tool("python")), "subject.py", "", tail);
}

#[test]
fn the_subject_is_read_in_javascript() {
    let tail = "import { readFileSync } from 'node:fs'\n\
                console.log(JSON.stringify(JSON.parse(readFileSync('texts')).map((text) => subjectOf(text)?.toWellFormed() ?? null)))\n\
                if (subjectOf(undefined) !== null) throw new Error('undefined')";
    reads_subjects("javascript", Command::new(tool("node")), "subject.mjs", "", tail);
}

#[test]
fn the_subject_is_read_in_go() {
    let head = "package main\nimport (\"encoding/base64\"; \"encoding/json\"; \"os\"; \"strings\")";
    let tail = "func main() {\n\
                data, _ := os.ReadFile(\"texts\")\n\
                var texts []string\n\
                if json.Unmarshal(data, &texts) != nil { os.Exit(1) }\n\
                for i, text := range texts { texts[i] = subjectOf(text) }\n\
                json.NewEncoder(os.Stdout).Encode(texts)\n\
                }";
    let mut go = Command::new(system_program("go"));
    go.env("GO111MODULE", "off").arg("run");
    reads_subjects("go", go, "subject.go", head, tail);
}

#[test]
fn a_map_is_read_whichever_protocol_it_comes_by() {
    let redis = Redis::start();
    let program = format!(
        "import json, redis\n{}\n\
         def member(protocol):\n\
         \x20   connection = redis.Redis(unix_socket_path={:?}, protocol=protocol, decode_responses=True)\n\
         \x20   return as_map(connection.execute_command('AUTH.ISSUE', 'auth:42'))['expires_in']\n\
         print(json.dumps([member(2), member(3)]))\n",
        code("Replies", "python"),
        redis.socket()
    );
    assert_eq!(answers(Command::new(tool("python")), "maps.py", &program, &[]), [json!(900), json!(900)]);
}
