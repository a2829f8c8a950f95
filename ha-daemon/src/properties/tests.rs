//! Property tests: random octets through each property.

use proptest::prelude::*;

use super::*;

fn octets(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

/// Pieces of configurations, so that random texts get somewhere.
const PIECES: &[&str] = &[
    "\n",
    " ",
    "vrrp_instance A {\n",
    "global_defs {\n",
    "}\n",
    "{",
    "}",
    "interface eth0\n",
    "virtual_router_id 5\n",
    "virtual_ipaddress {\n",
    "10.0.0.1/24 dev eth0\n",
    "priority ",
    "300",
    "$A=",
    "$A",
    "${A}",
    "$M= \\\n",
    "\\\n",
    "~SEQ(i,1,3) ",
    "~LST(i,a,b) ",
    "$i",
    "@node1 ",
    "@^node1 ",
    "include x\n",
    "\"",
    "#",
    "!",
    "\\",
    "auth_pass ",
    "secret\n",
    "authentication {\n",
    "track_interface {\n",
    "unicast_peer {\n",
    "\u{e9}",
    "\u{fffd}",
    "\0",
    "\t",
    "\r\n",
    "state MASTER\n",
    "use_vmac ",
    "advert_int 1.5\n",
    "virtual_server 10.0.0.1 80 {\n",
    "virtual_server group G {\n",
    "virtual_server fwmark 1 {\n",
    "virtual_server_group G {\n",
    "10.0.0.1-",
    "2001:db8::/",
    "real_server 10.0.0.2 80 {\n",
    "real_server 2001:db8::2 {\n",
    "lb_kind TUN type gue port 1\n",
    "lb_kind DR\n",
    "sorry_server 10.0.0.2\n",
    "quorum 4\n",
    "TCP_CHECK {\n",
    "HTTP_GET {\n",
    "url {\n",
    "status_code ",
    "digest ",
    "UDP_CHECK {\n",
    "payload ",
    "FILE_CHECK {\n",
    "track_file a {\n",
    "misc_path \"",
    "global_defs {\nlvs_sync_daemon eth0 ",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        49 => prop::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn response() -> impl Strategy<Value = Vec<u8>> {
    let head = "HTTP/1\\.[01] [12][09][0-4] ?[a-z]{0,3}\r?\n";
    let fields = "(Content-Length: [0-9]{1,2}\r?\n|Transfer-Encoding: chunked\r\n){0,2}\r?\n";
    let rest = "[0-9a-f\r\n]{0,40}";
    prop_oneof![
        octets(200),
        (head, fields, rest).prop_map(|(head, fields, rest)| (head + &fields + &rest).into_bytes()),
    ]
}

/// Octets of replies of a mail server, mostly.
fn replies() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![
        prop::sample::select(&b"205- \n"[..]),
        prop::sample::select(&b"205- \n"[..]),
        any::<u8>()
    ];
    let line = prop::sample::select(&["220 a\r\n", "250-b\r\n", "250 b\r\n", "221 c\n"][..]);
    prop_oneof![
        prop::collection::vec(octet, 0..400),
        prop::collection::vec(line, 0..6).prop_map(|lines| lines.concat().into_bytes()),
    ]
}

/// Records of a server that fails early.
fn records() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop::sample::select(&[20_u8, 21, 22, 23, 24][..]);
    let record = (kind, octets(40)).prop_map(|(kind, body)| {
        let length = u8::try_from(body.len()).unwrap();
        [&[kind, 3, 3, 0, length][..], &body].concat()
    });
    prop_oneof![
        octets(200),
        prop::collection::vec(record, 0..4).prop_map(|records| records.concat())
    ]
}

fn in_portions(response: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (any::<u8>(), response).prop_map(|(portion, response)| [&[portion], &response[..]].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_word_is_where_it_says_it_is(text in text()) {
        config_words(text.as_bytes());
    }

    #[test]
    fn lines_are_bounded_and_their_places_are_in_the_text(text in text()) {
        config_lines(text.as_bytes());
    }

    #[test]
    fn no_text_makes_it_panic_and_every_place_is_in_its_text(text in text()) {
        config_shown(text.as_bytes());
    }
}

proptest! {
    #[test]
    fn responses_may_come_in_any_portions(input in in_portions(response())) {
        http(&input);
    }

    #[test]
    fn replies_may_come_in_any_portions(input in in_portions(replies())) {
        smtp(&input);
    }

    #[test]
    fn records_may_come_in_any_portions(input in in_portions(records())) {
        tls(&input);
    }

    #[test]
    fn only_answers_decide(mut datagram in octets(600), ours: bool) {
        if ours && datagram.len() >= 12 {
            datagram[..6].copy_from_slice(b"\x12\x34\x81\x80\x00\x01");
        }
        dns(&datagram);
    }

    #[test]
    fn a_question_of_any_name_is_understood(name in "([a-z0-9-]{1,12}\\.?){0,6}|\\PC*") {
        dns(name.as_bytes());
    }

    #[test]
    fn any_request_has_a_reply_of_one_line(request in octets(40), ours in "[ ]?status[ \r]?\n?") {
        control(&request);
        control(&[ours.as_bytes(), &request].concat());
    }
}
