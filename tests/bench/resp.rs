//! The Redis protocol for the load: requests are encoded in advance, and replies are only measured, not parsed.

/// Appends a command to requests that will be sent together.
pub fn append(out: &mut Vec<u8>, args: &[&[u8]]) {
    out.extend_from_slice(format!("*{}\r\n", args.len()).as_bytes());
    for arg in args {
        out.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
        out.extend_from_slice(arg);
        out.extend_from_slice(b"\r\n");
    }
}

/// Returns the length of the reply at the beginning of `bytes`, once it is complete. Panics on an error reply: measured
/// commands must succeed.
pub fn reply_len(bytes: &[u8]) -> Option<usize> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let (line, rest) = (&bytes[..end - 1], end + 1);
    match line[0] {
        b'+' | b':' | b'_' | b'#' => Some(rest),
        b'$' if line[1] == b'-' => Some(rest),
        b'$' => Some(rest + number(&line[1..]) + 2).filter(|&len| len <= bytes.len()),
        b'*' => (0..number(&line[1..])).try_fold(rest, |at, _| Some(at + reply_len(bytes.get(at..)?)?)),
        _ => panic!("not a reply to measure: {}", String::from_utf8_lossy(line)),
    }
}

fn number(digits: &[u8]) -> usize {
    digits.iter().fold(0, |value, digit| value * 10 + usize::from(digit - b'0'))
}
