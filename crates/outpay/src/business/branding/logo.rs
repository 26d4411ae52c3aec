//! A business's logo: a small PNG, JPEG or WebP. Not here: SVG, which can carry a script. Invariants: a logo is what its first
//! bytes say that it is, and is served as nothing else; it carries no metadata, which can tell where a picture was taken and
//! by whom; its name is a digest of its bytes, so browsers may keep it for ever; it is small enough for a page to stay light.

use data_encoding::HEXLOWER;
use img_parts::Bytes;
use img_parts::jpeg::{Jpeg, markers};
use img_parts::png::Png;
use img_parts::webp::{self, WebP};
use sha2::{Digest, Sha256};

/// Bytes. Together with everything else a page weighs less than 60 KiB.
pub const LARGEST: usize = 32 * 1024;
const SMALLEST_SIDE: u32 = 16;
const LARGEST_SIDE: u32 = 1_024;
const DIGITS: usize = 32;

/// The endings, and the types of content that they stand for.
const KINDS: [(&str, &str); 3] = [("png", "image/png"), ("jpg", "image/jpeg"), ("webp", "image/webp")];

/// An image that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    name: LogoName,
    bytes: Vec<u8>,
}

/// 32 hexadecimal digits and an ending, for example `….png`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoName(String);

/// Why an image is refused, with a sentence for the person who uploads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoProblem {
    /// Nothing came.
    #[error("Choose an image first.")]
    Missing,
    /// Too many bytes.
    #[error("The logo may not be larger than 32 KiB.")]
    TooLarge,
    /// Another kind of file.
    #[error("The logo must be a PNG, JPEG or WebP image.")]
    Kind,
    /// Too small or too large to look at.
    #[error("Each side of the logo must have 16 to 1024 pixels.")]
    Sides,
}

impl Logo {
    /// A checked image.
    ///
    /// # Errors
    /// What will not do.
    pub fn new(bytes: &[u8]) -> Result<Self, LogoProblem> {
        if bytes.is_empty() {
            return Err(LogoProblem::Missing);
        }
        if bytes.len() > LARGEST {
            return Err(LogoProblem::TooLarge);
        }
        let given = Bytes::copy_from_slice(bytes);
        let bare = png(given.clone()).or_else(|| jpeg(given.clone())).or_else(|| webp(given));
        let Bare { ending, width, height, bytes } = bare.ok_or(LogoProblem::Kind)?;
        let sides = SMALLEST_SIDE..=LARGEST_SIDE;
        if !sides.contains(&width) || !sides.contains(&height) {
            return Err(LogoProblem::Sides);
        }
        let digits = HEXLOWER.encode(&Sha256::digest(&bytes)[..DIGITS / 2]);
        Ok(Self { name: LogoName(format!("{digits}.{ending}")), bytes: bytes.to_vec() })
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &LogoName {
        &self.name
    }

    /// The image.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// An image of nothing but what it looks like.
struct Bare {
    ending: &'static str,
    width: u32,
    height: u32,
    bytes: Bytes,
}

/// What a picture needs: its data, transparency, colours and resolution. Source: PNG, 3rd edition, 11.2 and 11.3.
const PNG_CHUNKS: [&[u8; 4]; 12] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"bKGD",
    b"pHYs",
];

fn png(bytes: Bytes) -> Option<Bare> {
    let mut png = Png::from_bytes(bytes).ok()?;
    png.chunks_mut().retain(|chunk| PNG_CHUNKS.contains(&&chunk.kind()));
    let is_whole = png.chunks().iter().any(|chunk| &chunk.kind() == b"IDAT")
        && png.chunks().last().is_some_and(|chunk| &chunk.kind() == b"IEND");
    let (width, height) = png.dimensions().filter(|_| is_whole)?;
    Some(Bare { ending: "png", width, height, bytes: png.encoder().bytes() })
}

fn jpeg(bytes: Bytes) -> Option<Bare> {
    // The end of the image is the end of the file: some telephones put a second image behind it, with where it was taken.
    let is_whole = bytes.ends_with(&[markers::P, markers::EOI]);
    let second = bytes.windows(4).any(|four| four == [markers::P, markers::EOI, markers::P, markers::SOI]);
    let mut jpeg = Jpeg::from_bytes(bytes).ok().filter(|_| is_whole && !second)?;
    // Of what programs add, the colour profile and how the colours are coded alone.
    jpeg.segments_mut().retain(|segment| match segment.marker() {
        markers::APP2 => segment.contents().starts_with(b"ICC_PROFILE\0"),
        markers::APP0 | markers::APP14 => true,
        markers::APP1..=markers::APP15 | markers::COM => false,
        _ => true,
    });
    let (width, height) = jpeg.dimensions()?;
    Some(Bare { ending: "jpg", width: width.into(), height: height.into(), bytes: jpeg.encoder().bytes() })
}

fn webp(bytes: Bytes) -> Option<Bare> {
    let mut webp = WebP::from_bytes(bytes).ok()?;
    webp.chunks_mut().retain(|chunk| WEBP_CHUNKS.contains(&chunk.id()));
    let is_whole = [webp::CHUNK_VP8, webp::CHUNK_VP8L, webp::CHUNK_ANMF].iter().any(|id| webp.has_chunk(*id));
    let (width, height) = webp.dimensions().filter(|_| is_whole)?;
    Some(Bare { ending: "webp", width, height, bytes: webp.encoder().bytes() })
}

/// Source: RFC 9649, 2.7.
const WEBP_CHUNKS: [[u8; 4]; 7] = [
    webp::CHUNK_VP8X,
    webp::CHUNK_VP8,
    webp::CHUNK_VP8L,
    webp::CHUNK_ALPH,
    webp::CHUNK_ANIM,
    webp::CHUNK_ANMF,
    webp::CHUNK_ICCP,
];

impl LogoName {
    /// A name that a logo can have.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, ending) = text.split_once('.')?;
        let is_digest = digits.len() == DIGITS
            && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        (is_digest && KINDS.iter().any(|kind| kind.0 == ending)).then(|| Self(text.to_owned()))
    }

    /// As it stands in a path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where pages find it.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/p/logo/{}", self.0)
    }

    /// Its type of content.
    #[must_use]
    pub fn media(&self) -> &'static str {
        let kind = KINDS.iter().find(|kind| self.0.ends_with(kind.0));
        kind.map_or("application/octet-stream", |kind| kind.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use img_parts::png::PngChunk;

    fn chunk(kind: &[u8; 4], contents: &[u8]) -> Bytes {
        PngChunk::new(*kind, Bytes::copy_from_slice(contents)).encoder().bytes()
    }

    /// A PNG of this size with these chunks before its end.
    fn png_with(width: u32, height: u32, chunks: &[Bytes]) -> Vec<u8> {
        let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
        let head = chunk(b"IHDR", &[&size[..], b"\x08\x06\0\0\0"].concat());
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        bytes.extend(head);
        chunks.iter().for_each(|chunk| bytes.extend(chunk));
        bytes.extend(chunk(b"IEND", b""));
        bytes
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        png_with(width, height, &[chunk(b"IDAT", b"data")])
    }

    fn segment(marker: u8, contents: &[u8]) -> Vec<u8> {
        let length = u16::try_from(contents.len() + 2).unwrap();
        [&[0xff, marker][..], &length.to_be_bytes(), contents].concat()
    }

    /// A JPEG with these segments, whatever is in them.
    fn jpeg(segments: &[Vec<u8>]) -> Vec<u8> {
        let scan = segment(0xda, b"\x01\x01\0\0\x3f\0");
        [&b"\xff\xd8"[..], &segments.concat(), &scan, b"scan\xff\xd9"].concat()
    }

    /// A frame header of this size.
    fn frame(width: u16, height: u16) -> Vec<u8> {
        let size = [height.to_be_bytes(), width.to_be_bytes()].concat();
        segment(0xc0, &[b"\x08", &size[..], b"\x01\x01\x11\0"].concat())
    }

    #[test]
    fn a_small_image_has_a_name_by_its_content() {
        let logo = Logo::new(&png(64, 32)).unwrap();
        assert_eq!(LogoName::parse(logo.name().as_str()).as_ref(), Some(logo.name()));
        assert_eq!(logo.name().media(), "image/png");
        assert!(logo.name().path().starts_with("/p/logo/") && logo.name().path().ends_with(".png"));
        assert_eq!(Logo::new(&png(64, 32)).unwrap(), logo);
        assert_ne!(Logo::new(&png(64, 33)).unwrap().name(), logo.name());
        assert_eq!(logo.bytes(), png(64, 32));
    }

    #[test]
    fn what_will_not_do_is_named() {
        assert_eq!(Logo::new(b""), Err(LogoProblem::Missing));
        assert_eq!(Logo::new(&[b' '; LARGEST + 1]), Err(LogoProblem::TooLarge));
        for other in
            [&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], b"GIF89a\x40\0\x40\0", b"<html>", b"x"]
        {
            assert_eq!(Logo::new(other), Err(LogoProblem::Kind));
        }
        for end in 1..png(64, 32).len() {
            assert_eq!(Logo::new(&png(64, 32)[..end]), Err(LogoProblem::Kind), "cut off at {end}");
        }
        assert_eq!(Logo::new(&png_with(64, 32, &[])), Err(LogoProblem::Kind), "nothing to see");
        for (width, height) in [(15, 64), (64, 1_025), (1, 1), (20_000, 20_000)] {
            assert_eq!(Logo::new(&png(width, height)), Err(LogoProblem::Sides), "{width} x {height}");
        }
    }

    #[test]
    fn what_tells_of_people_and_places_is_dropped() {
        let secrets = [b"eXIf", b"tEXt", b"iTXt", b"tIME"].map(|kind| chunk(kind, b"secret"));
        let kept = [chunk(b"gAMA", b"kept"), chunk(b"IDAT", b"data")];
        let mut bytes = png_with(64, 32, &[&secrets[..], &kept].concat());
        bytes.extend(b"secret behind the end");
        assert_eq!(Logo::new(&bytes).unwrap().bytes(), png_with(64, 32, &kept));

        let kept = [segment(0xe2, b"ICC_PROFILE\0kept"), segment(0xee, b"Adobe"), frame(64, 32)];
        let secrets = [0xe1, 0xe2, 0xed, 0xfe].map(|marker| segment(marker, b"secret"));
        assert_eq!(Logo::new(&jpeg(&[&secrets[..], &kept].concat())).unwrap().bytes(), jpeg(&kept));
        let twice = [jpeg(&kept), jpeg(&kept)].concat();
        assert_eq!(Logo::new(&twice), Err(LogoProblem::Kind), "a second image behind the first");

        let kept = b"WEBPVP8X\x0a\0\0\0\x08\0\0\0\x3f\0\0\x1f\0\0VP8 \x04\0\0\0abcd";
        let secrets = b"EXIF\x06\0\0\0secretXMP \x06\0\0\0secret";
        let length = u32::try_from(kept.len() + secrets.len()).unwrap();
        let logo = Logo::new(&[&b"RIFF"[..], &length.to_le_bytes(), kept, secrets].concat()).unwrap();
        assert_eq!((logo.bytes().len(), logo.name().media()), (8 + kept.len(), "image/webp"));
        assert!(logo.bytes().ends_with(b"VP8 \x04\0\0\0abcd"));
    }

    #[test]
    fn a_size_in_the_wrong_place_is_not_believed() {
        // Decoders skip these bytes; a reader that took them for a segment would read the size from the comment after them.
        let hidden = [&b"\xff\xff\xff\x01"[..], &frame(20_000, 20_000)].concat();
        let comment = segment(0xfe, &frame(64, 64));
        assert_eq!(Logo::new(&jpeg(&[hidden, comment.clone()])), Err(LogoProblem::Sides));
        assert_eq!(Logo::new(&jpeg(&[comment])), Err(LogoProblem::Kind));
    }

    #[test]
    fn only_such_names_are_names() {
        let digits = "0123456789abcdef0123456789abcdef";
        assert!(LogoName::parse(&format!("{digits}.webp")).is_some());
        let wrong = ["", ".png", digits, &format!("{digits}.svg"), &format!("{}.png", digits.to_uppercase())];
        for wrong in wrong.into_iter().chain(["../../etc/passwd.png", "0123.png"]) {
            assert_eq!(LogoName::parse(wrong), None, "{wrong}");
        }
    }
}
