#!/usr/bin/perl
# Calls functions of the real Mail::SpamAssassin: a JSON object a line in, its answer as a JSON line out.
# The first line is the configuration text. Strings are characters; those listed octet by octet have "octets": true.
use strict; use warnings;
use JSON::PP; use Mail::SpamAssassin; use Mail::SpamAssassin::PerMsgStatus;
use Mail::SpamAssassin::Util qw(idn_to_ascii is_fqdn_valid uri_list_canonicalize parse_header_addresses domain_to_search_list);
my $json = JSON::PP->new->ascii->allow_nonref->canonical;
my $conf = $json->decode(scalar <STDIN>);
utf8::encode($conf);
my $sa = Mail::SpamAssassin->new({ config_text => $conf, local_tests_only => 1, dont_copy_prefs => 1,
  userstate_dir => '/nonexistent', userprefs_filename => '/nonexistent' });
$sa->init(0);
my $rb = $sa->{registryboundaries};
my @texts;
{ no warnings 'redefine'; *Mail::SpamAssassin::PerMsgStatus::get_decoded_stripped_body_text_array = sub { \@texts }; }
$| = 1;
# Perl's own notion of a string of octets has no flag; a string of characters has.
sub as_said { my ($s, $octets) = @_; return $s unless defined $s; if ($octets) { utf8::downgrade($s) } else { utf8::upgrade($s) } $s }
sub details {
  my ($udl) = @_;
  my %out;
  for my $uri (keys %$udl) {
    my $d = $udl->{$uri};
    $out{$uri} = { cleaned => [ sort @{$d->{cleaned} || []} ], domains => [ sort keys %{$d->{domains} || {}} ],
      hosts => { %{$d->{hosts} || {}} }, types => [ sort keys %{$d->{types} || {}} ], anchor_text => [ @{$d->{anchor_text} || []} ] };
  }
  return \%out;
}
my %calls = (
  idn => sub { idn_to_ascii($_[0]) },
  fqdn => sub { is_fqdn_valid(@_) ? 1 : 0 },
  split => sub { [ $rb->split_domain(@_) ] },
  valid => sub { $rb->is_domain_valid(@_) ? 1 : 0 },
  domain => sub { [ $rb->uri_to_domain($_[0]) ] },
  search => sub { domain_to_search_list($_[0]) },
  canonicalize => sub { [ sort(uri_list_canonicalize($sa->{conf}->{redirector_patterns}, [ $_[0] ], $rb)) ] },
  addresses => sub { [ parse_header_addresses($_[0]) ] },
  get => sub {
    my ($request, $raw) = @_;
    my $msg = $sa->parse($raw, 0);
    my $pms = Mail::SpamAssassin::PerMsgStatus->new($sa, $msg);
    $pms->extract_message_metadata();
    my $found = [ $pms->get($request) ];
    $pms->finish; $msg->finish;
    $found;
  },
  uris => sub {
    my ($body, $html, $head) = @_;
    my $msg = $sa->parse($head . "\n", 0);
    my $pms = Mail::SpamAssassin::PerMsgStatus->new($sa, $msg);
    @texts = @$body;
    $msg->{metadata}->{html_all} = $html;
    my $out = { details => details($pms->get_uri_detail_list()), list => [ sort $pms->get_uri_list() ],
      truncated => $pms->{uri_truncated} ? 1 : 0 };
    $pms->finish; $msg->finish;
    $out;
  },
);
sub deep { my ($v, $o) = @_; ref $v eq 'ARRAY' ? [ map { deep($_, $o) } @$v ] : ref $v eq 'HASH' ? { map { as_said($_, $o) => deep($v->{$_}, $o) } keys %$v } : ref $v ? $v : as_said($v, $o) }
while (my $line = <STDIN>) {
  my $call = $json->decode($line);
  my @arguments = map { deep($_, $call->{octets}) } @{$call->{arguments}};
  print $json->encode($calls{$call->{call}}->(@arguments)), "\n";
}
