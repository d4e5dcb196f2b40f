//! Words and the bytes that they stand for.

/// From this length on a run of equal bytes is written with its count.
const RUN_MIN: usize = 16;

/// `None`: malformed.
pub fn decode(word: &str) -> Option<Vec<u8>> {
    if word == "\"\"" {
        return Some(Vec::new());
    }
    let mut bytes = Vec::new();
    let mut rest = word.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        if first != b'\\' {
            bytes.push(first);
            continue;
        }
        match rest {
            [b'\\', behind @ ..] => {
                bytes.push(b'\\');
                rest = behind;
            }
            [b'x', high, low, behind @ ..] => {
                bytes.push(u8::from_str_radix(std::str::from_utf8(&[*high, *low]).ok()?, 16).ok()?);
                rest = behind;
            }
            [b'*', behind @ ..] => {
                let end = behind.iter().position(|&byte| byte == b';')?;
                let count: usize = std::str::from_utf8(&behind[..end]).ok()?.parse().ok()?;
                let last = *bytes.last()?;
                bytes.resize(bytes.len() + count.checked_sub(1)?, last);
                rest = &behind[end + 1..];
            }
            _ => return None,
        }
    }
    Some(bytes)
}

pub fn encode(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "\"\"".into();
    }
    let mut word = String::new();
    for run in bytes.chunk_by(|a, b| a == b) {
        let byte = match run[0] {
            b'\\' => "\\\\".into(),
            plain if plain.is_ascii_graphic() && !b"\"=#".contains(&plain) => char::from(plain).to_string(),
            other => format!("\\x{other:02x}"),
        };
        if run.len() >= RUN_MIN {
            word += &format!("{byte}\\*{};", run.len());
        } else {
            word += &byte.repeat(run.len());
        }
    }
    word
}

#[test]
fn words_and_bytes_are_one_to_one() {
    for bytes in [&b"plain"[..], b"", b"\\ \"=#\x00\xff", &[b'a'; 15], &[b'a'; 16], &[0; 99]] {
        assert_eq!(decode(&encode(bytes)).unwrap(), bytes);
    }
    assert_eq!(encode(&[b'a'; 16]), "a\\*16;");
    for malformed in ["\\", "\\y", "\\x1", "\\*3;", "a\\*;", "a\\*0;"] {
        assert_eq!(decode(malformed), None, "{malformed}");
    }
}
