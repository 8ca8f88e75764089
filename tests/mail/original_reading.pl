#!/usr/bin/perl
# Reads messages with the real Mail::SpamAssassin::Message, scanning nothing: file names in, one JSON object each out.
# Arguments: normalize_charset, body_part_scan_size, rawbody_part_scan_size. Strings are octets, one character each.
use strict; use warnings; no warnings qw(once);
use JSON::PP; use Mail::SpamAssassin; use Mail::SpamAssassin::Message;
my ($normalize, $body_size, $rawbody_size) = @ARGV;
my $json = JSON::PP->new->ascii->canonical;
$SIG{__WARN__} = sub {};
sub octets { my ($s) = @_; return undef unless defined $s; $s = "$s"; utf8::encode($s) if utf8::is_utf8($s); $s }
sub all { [ map { octets($_) } grep { defined } @_ ] }
sub tree {
  my ($p) = @_;
  my %o = (type => $p->{type}, charset => octets($p->{charset}), name => octets($p->{name}),
    all => all($p->get_all_headers(0)), all_raw => all($p->get_all_headers(1)));
  if ($p->is_leaf) {
    my ($type, $text) = $p->rendered;
    %o = (%o, raw => all(@{$p->raw}), decoded => octets(scalar $p->decode), rendered_type => $type,
      rendered => octets($text), characters => utf8::is_utf8($text) ? 1 : 0);
  } else { $o{children} = [ map { tree($_) } @{$p->{body_parts}} ] }
  return \%o;
}
my @flags = qw(missing_head_body_separator truncated_header missing_mime_headers missing_mime_head_body_separator
  mime_epilogue_exists mimepart_limit_exceeded);
while (my $file = <STDIN>) {
  chomp $file;
  open my $in, '<:raw', $file or die "$file: $!";
  my $raw = do { local $/; <$in> }; $raw = '' unless defined $raw;
  my $m = Mail::SpamAssassin::Message->new({ message => $raw, parsenow => 1, normalize => $normalize,
    body_part_scan_size => $body_size, rawbody_part_scan_size => $rawbody_size });
  my %o = (file => $file, body => all(@{$m->get_rendered_body_text_array}),
    visible_body => all(@{$m->get_visible_rendered_body_text_array}),
    invisible_body => all(@{$m->get_invisible_rendered_body_text_array}), rawbody => all(@{$m->get_decoded_body_text_array}),
    header_block => $m->get_pristine_header, body_bytes => $m->get_pristine_body, full => $m->get_pristine,
    mailbox_separator => $m->get_mbox_separator, boundary_state => $m->{mime_boundary_state},
    content_summary => [ $m->content_summary ], body_digest => $m->get_pristine_body_digest,
    part_digests => $m->get_mimepart_digests, generated_message_id => $m->generate_msgid, message_id => octets($m->get_msgid),
    subjects => all($m->get_pristine_header('Subject')), tree => tree($m), flags => [ grep { defined $m->{$_} } @flags ]);
  print $json->encode(\%o), "\n";
  $m->finish;
}
