//! The outcome of a batch, from the kernel's answers to its messages.

use std::io;

use nix::errno::Errno;

use super::batch::Sequences;
use crate::netlink::{Acknowledgement, Message, NLMSG_ERROR, RequestError};

/// How a batch failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is no nf_tables.
    Unsupported,
    /// The socket failed.
    Socket(io::Error),
    /// An operation, or all of them together, was refused, or the answer is missing.
    Request(RequestError),
}

/// A batch whose answers are awaited.
///
/// The kernel answers for the beginning if it refuses the batch as a whole, and otherwise for each
/// operation it refuses, in their order, and for the last one in any case.
#[derive(Debug)]
pub(super) struct Answers {
    sequences: Sequences,
    refusal: Option<RequestError>,
}

impl Answers {
    pub(super) const fn new(sequences: Sequences) -> Self {
        Self {
            sequences,
            refusal: None,
        }
    }

    /// Takes in an answer; the outcome, once it is known.
    pub(super) fn receive(&mut self, message: &Message<'_>) -> Option<Result<(), Failure>> {
        if message.kind != NLMSG_ERROR {
            return None;
        }
        let number = message.sequence.wrapping_sub(self.sequences.begin);
        let last = self.sequences.last.wrapping_sub(self.sequences.begin);
        if number > last {
            return None;
        }
        let answer = Acknowledgement::decode(message)?;
        if answer.errno != 0 {
            if number == 0 && answer.errno == Errno::EOPNOTSUPP as i32 {
                return Some(Err(Failure::Unsupported));
            }
            self.refusal.get_or_insert_with(|| RequestError::Refused {
                errno: answer.errno,
                text: answer.text.map(Into::into),
            });
        }
        if number != last && (number != 0 || answer.errno == 0) {
            return None;
        }
        Some(match self.refusal.take() {
            Some(error) => Err(Failure::Request(error)),
            None => Ok(()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(sequence: u32, errno: i32) -> (u32, Vec<u8>) {
        let payload = [(-errno).to_ne_bytes(), 16u32.to_ne_bytes()].concat();
        (sequence, payload)
    }

    /// `Ok`, or the error number, and -1 for no nf_tables.
    fn outcome(answers: &[(u32, i32)]) -> Vec<Result<(), i32>> {
        let mut awaited = Answers::new(Sequences { begin: 7, last: 9 });
        let answers = answers.iter().map(|&(number, errno)| answer(number, errno));
        answers
            .filter_map(|(sequence, payload)| {
                awaited.receive(&Message {
                    kind: NLMSG_ERROR,
                    flags: 0,
                    sequence,
                    port: 1,
                    payload: &payload,
                })
            })
            .map(|outcome| {
                outcome.map_err(|failure| match failure {
                    Failure::Request(error) => error.errno().unwrap(),
                    Failure::Unsupported | Failure::Socket(_) => -1,
                })
            })
            .collect()
    }

    #[test]
    fn the_answer_for_the_last_operation_is_the_outcome() {
        assert_eq!(outcome(&[(9, 0)]), [Ok(())]);
        assert_eq!(outcome(&[(9, 2)]), [Err(2)]);
    }

    #[test]
    fn the_first_refusal_is_told_once_the_last_answer_is_there() {
        assert_eq!(outcome(&[(8, 95)]), []);
        assert_eq!(outcome(&[(8, 95), (9, 2)]), [Err(95)]);
        assert_eq!(outcome(&[(8, 95), (9, 0)]), [Err(95)]);
    }

    #[test]
    fn a_refusal_of_the_whole_ends_the_wait() {
        assert_eq!(outcome(&[(7, 1)]), [Err(1)]);
        assert_eq!(outcome(&[(7, 95)]), [Err(-1)]);
    }

    #[test]
    fn answers_to_other_batches_are_disregarded() {
        assert_eq!(outcome(&[(6, 1), (10, 1), (u32::MAX, 1)]), []);
    }
}
