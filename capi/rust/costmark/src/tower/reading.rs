use std::io::Write;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::{Observation, Outcome};

/// How the body of an answer is read along.
pub(super) enum Reading {
    /// It is not encoded: what the observation gives out is passed on.
    Plain,
    /// A copy is decoded, and the body passed on as it is.
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    /// It cannot be read.
    Not,
}

impl Reading {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut encodings = headers
            .get_all(CONTENT_ENCODING)
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"));
        match (encodings.next(), encodings.next()) {
            (None, _) => Self::Plain,
            (Some(name), None)
                if name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip") =>
            {
                Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))
            }
            _ => Self::Not,
        }
    }

    /// Takes a piece, and returns what of it to pass on.
    pub(super) fn feed(&mut self, observation: &mut Observation, piece: Bytes) -> Bytes {
        match self {
            Self::Plain => {
                let passed = observation.feed(&piece);
                if piece.as_ptr_range().contains(&passed.as_ptr()) {
                    return piece.slice_ref(passed);
                }
                return Bytes::copy_from_slice(passed);
            }
            Self::Gzip(decoder) => {
                let decoded = decoder.write_all(&piece).and_then(|()| decoder.flush());
                observation.feed(decoder.get_ref());
                decoder.get_mut().clear();
                if decoded.is_err() {
                    *self = Self::Not;
                }
            }
            Self::Not => {}
        }
        piece
    }

    /// Ends the answer, and returns what was held back and is to be passed on.
    pub(super) fn end<'a>(
        &mut self,
        observation: &'a mut Observation,
        outcome: Outcome,
    ) -> &'a [u8] {
        if let Self::Gzip(decoder) = self {
            let complete = decoder.try_finish().is_ok();
            observation.feed(decoder.get_ref());
            if outcome == Outcome::Ok && !complete {
                *self = Self::Not;
            }
        }
        let held_back = match (outcome, &self) {
            (Outcome::Ok, Self::Not) => observation.fail(Outcome::Unknown),
            (Outcome::Ok, _) => observation.finish(),
            (outcome, _) => observation.fail(outcome),
        };
        if matches!(self, Self::Plain) { held_back } else { &[] }
    }
}
