//! A bank's XML as a tree, read with suspicion: the file comes from outside and ends payments. Only UTF-8; no DTD, and so no entities
//! but those of XML itself; limits on size, depth and elements; only the elements of the document's own namespace.

use quick_xml::NsReader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};

/// The most bytes of a file.
const MOST_BYTES: usize = 10 << 20;
const MOST_ELEMENTS: usize = 500_000;
const DEEPEST: usize = 40;

/// A file that was read.
pub(super) struct BankDocument {
    /// Which message it is, by its namespace.
    pub namespace: String,
    pub root: Element,
}

/// One element with its text and what is in it.
#[derive(Debug, Default)]
pub(super) struct Element {
    name: String,
    /// The attribute `Ccy` of an amount.
    pub currency: Option<String>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// The first element of this name in it.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All elements of this name in it.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The element at the end of this path.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// Its text without spaces around it; `None` where there is none.
    pub fn text(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|text| !text.is_empty())
    }

    /// The text at the end of this path.
    pub fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path)?.text()
    }
}

/// Reads a file.
///
/// # Errors
/// What is wrong with it, in words for the operator.
pub(super) fn parse(file: &[u8]) -> Result<BankDocument, String> {
    if file.len() > MOST_BYTES {
        return Err("the file is larger than 10 MiB; ask the bank for one day per file".to_owned());
    }
    let text = std::str::from_utf8(file).map_err(|_| "the file is not UTF-8")?;
    if text.chars().any(is_forbidden) {
        return Err(FORBIDDEN.to_owned());
    }
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
    reader.config_mut().expand_empty_elements = true;
    let mut tree = Tree::default();
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(|wrong| broken(&wrong))?;
        match event {
            Event::Start(start) => tree.open(&namespace, &start)?,
            Event::End(_) => tree.close()?,
            Event::Text(text) => tree.add(&text.xml10_content())?,
            Event::CData(text) => tree.add(&text.xml10_content())?,
            Event::GeneralRef(reference) => tree.add(&resolve(&reference)?)?,
            Event::DocType(_) => return Err("the file has a DTD, which no bank's answer has".to_owned()),
            Event::Decl(declared) => {
                let encoding = declared.encoding().transpose().map_err(|wrong| wrong.to_string())?;
                let is_known = encoding.is_none_or(|name| name.eq_ignore_ascii_case("utf-8"));
                if !is_known && !file.is_ascii() {
                    return Err("the file declares another encoding than UTF-8".to_owned());
                }
            }
            Event::Eof => return tree.end(),
            Event::Empty(_) | Event::Comment(_) | Event::PI(_) => {}
        }
    }
}

const FORBIDDEN: &str = "the file has a character that XML does not allow";

/// XML 1.0, 2.2. The parser leaves this check to its users.
fn is_forbidden(character: char) -> bool {
    let is_space = matches!(character, '\t' | '\n' | '\r');
    (character < ' ' && !is_space) || matches!(character, '\u{fffe}' | '\u{ffff}')
}

fn broken(wrong: &quick_xml::Error) -> String {
    format!("the file is not well-formed XML: {wrong}")
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|wrong| broken(&wrong))? {
        return if is_forbidden(character) { Err(FORBIDDEN.to_owned()) } else { Ok(character.to_string()) };
    }
    let known = resolve_predefined_entity(reference);
    known.map(str::to_owned).ok_or_else(|| "the file has an entity that XML does not define".to_owned())
}

#[derive(Default)]
struct Tree {
    namespace: Option<String>,
    /// From the root to the element that is open.
    open: Vec<Element>,
    /// How deep inside an element of another namespace, which is left out.
    foreign: usize,
    elements: usize,
    root: Option<Element>,
}

impl Tree {
    fn open(&mut self, namespace: &ResolveResult<'_>, start: &BytesStart<'_>) -> Result<(), String> {
        self.elements += 1;
        if self.open.len() + self.foreign >= DEEPEST || self.elements > MOST_ELEMENTS {
            return Err("the file has more elements, or deeper ones, than a bank's answer has".to_owned());
        }
        let namespace = match namespace {
            ResolveResult::Bound(Namespace(namespace)) => Some(*namespace),
            ResolveResult::Unbound | ResolveResult::Unknown(_) => None,
        };
        if self.open.is_empty() && self.root.is_some() {
            return Err("the file goes on after its end".to_owned());
        }
        let own = self.namespace.get_or_insert_with(|| namespace.unwrap_or_default().to_owned());
        if self.foreign > 0 || namespace.unwrap_or_default() != own {
            self.foreign += 1;
            return Ok(());
        }
        let mut element = Element { name: start.local_name().into_inner().to_owned(), ..Element::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|wrong| format!("the file is not well-formed XML: {wrong}"))?;
            if attribute.key.into_inner() == "Ccy" {
                element.currency = Some(attribute.value.trim().to_owned());
            }
        }
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        if self.foreign > 0 {
            self.foreign -= 1;
            return Ok(());
        }
        let closed = self.open.pop().ok_or("the file closes what it did not open")?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(closed),
            None => self.root = Some(closed),
        }
        Ok(())
    }

    fn add(&mut self, text: &str) -> Result<(), String> {
        match self.open.last_mut() {
            Some(element) if self.foreign == 0 => element.text.push_str(text),
            None if self.foreign == 0 && !text.trim().is_empty() => {
                return Err("the file has text outside its elements".to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    fn end(self) -> Result<BankDocument, String> {
        if !self.open.is_empty() || self.foreign > 0 {
            return Err("the file ends in the middle".to_owned());
        }
        let root = self.root.ok_or("the file is not XML")?;
        Ok(BankDocument { namespace: self.namespace.unwrap_or_default(), root })
    }
}
