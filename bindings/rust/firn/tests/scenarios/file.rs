//! A scenario file: blocks of commands and the answers that they must get.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::words::decode;

#[derive(Debug)]
pub struct Command {
    pub name: String,
    pub words: Vec<Vec<u8>>,
    pub named: HashMap<String, Vec<u8>>,
    /// The lines that belong to it.
    pub lines: Vec<Command>,
}

pub struct Block {
    pub line: usize,
    pub commands: Vec<Command>,
    pub answer: Vec<String>,
}

pub struct File {
    pub path: PathBuf,
    pub modes: Vec<String>,
    pub option_sets: Vec<Vec<String>>,
    pub blocks: Vec<Block>,
}

impl Command {
    fn read(line: &str) -> Self {
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        let name = words.next().expect("a command").to_string();
        let mut command = Self { name, words: Vec::new(), named: HashMap::new(), lines: Vec::new() };
        let bytes = |word: &str| decode(word).unwrap_or_else(|| panic!("malformed: {line}"));
        for word in words {
            match word.split_once('=') {
                Some((name, value)) => drop(command.named.insert(name.to_string(), bytes(value))),
                None => command.words.push(bytes(word)),
            }
        }
        command
    }

    pub fn word(&self, index: usize) -> &[u8] {
        self.words.get(index).map_or(&[], Vec::as_slice)
    }

    pub fn text(&self, index: usize) -> &str {
        std::str::from_utf8(self.word(index)).expect("text")
    }

    pub fn find(&self, name: &str) -> Option<&[u8]> {
        self.named.get(name).map(Vec::as_slice)
    }

    pub fn find_text(&self, name: &str) -> Option<&str> {
        self.find(name).map(|value| std::str::from_utf8(value).expect("text"))
    }

    pub fn number(&self, name: &str) -> Option<u64> {
        self.find_text(name).map(|value| value.parse().expect("a number"))
    }

    pub fn is_set(&self, name: &str) -> bool {
        self.named.contains_key(name)
    }
}

impl File {
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("a scenario");
        let mut file = Self { path: path.into(), modes: Vec::new(), option_sets: Vec::new(), blocks: Vec::new() };
        let mut lines = text.lines().enumerate().peekable();
        while let Some((index, line)) = lines.next() {
            let list = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
            if line.is_empty() || line.starts_with('#') {
                continue;
            } else if let Some(modes) = line.strip_prefix("@modes ") {
                file.modes = list(modes);
            } else if let Some(options) = line.strip_prefix("@options ") {
                file.option_sets.push(list(options));
            } else {
                let mut block = Block { line: index + 1, commands: Vec::new(), answer: Vec::new() };
                block.push(line);
                lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "----").for_each(|line| block.push(line));
                block.answer = lines.by_ref().map(|(_, line)| line.to_string()).take_while(|line| !line.is_empty()).collect();
                file.blocks.push(block);
            }
        }
        if file.modes.is_empty() {
            file.modes = ["directory", "memory", "single_threaded"].map(String::from).to_vec();
        }
        if file.option_sets.is_empty() {
            file.option_sets.push(Vec::new());
        }
        file
    }
}

impl Block {
    fn push(&mut self, line: &str) {
        let command = Command::read(line);
        if line.starts_with("  ") {
            self.commands.last_mut().expect("a command that the line belongs to").lines.push(command);
        } else {
            self.commands.push(command);
        }
    }
}
