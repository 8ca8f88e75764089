#!/usr/bin/perl
# Asks the real Mail::SpamAssassin about Received lines and header requests: JSON lines in and out, octets as latin-1.
# The first argument is a file of rules (for top-level domains); the first line is the configuration text.
use strict; use warnings;
BEGIN { require FindBin; require "$FindBin::RealBin/../without_optional.pl" }
use JSON::PP; use Mail::SpamAssassin; use Mail::SpamAssassin::PerMsgStatus;
my $json = JSON::PP->new->latin1->canonical;
binmode STDIN; binmode STDOUT;
my ($conf) = @{ $json->decode(scalar <STDIN>) };
my $sa = Mail::SpamAssassin->new({ rules_filename => $ARGV[0], site_rules_filename => '/nonexistent',
  local_tests_only => 1, dont_copy_prefs => 1, userprefs_filename => '/nonexistent', userstate_dir => '/nonexistent',
  post_config_text => $conf });
{ local $SIG{__WARN__} = sub { }; $sa->init(1); }
my %calls = (
  line => sub {
    my ($line) = @_;
    my $reader = bless { allow_mailfetch_markers => 1 }, 'Mail::SpamAssassin::Message::Metadata';
    my $relay = $reader->parse_received_line($line);
    return { unparseable => 1 } unless defined $relay;
    return { fetched => $reader->{relays_trusted} ? 1 : 0, sender => $reader->{qmail_scanner_env_from} } unless $relay;
    $relay->{as_string} =~ s/ msa=\d / msa=0 /;
    return { map { $_ => $relay->{$_} } grep { defined $relay->{$_} && $relay->{$_} ne '' } keys %$relay };
  },
  message => sub {
    my ($raw, @requests) = @_;
    my $msg = $sa->parse($raw, 0);
    my $pms = Mail::SpamAssassin::PerMsgStatus->new($sa, $msg);
    $msg->delete_header('X-Spam-.*');  # as the first thing a check does
    $pms->extract_message_metadata();
    my %out = (
      relays => { map { $_ => $pms->{"relays_${_}_str"} } qw(trusted untrusted internal external) },
      unparseable => $pms->{num_relays_unparseable}, last_trusted => $pms->{last_trusted_relay_index},
      last_internal => $pms->{last_internal_relay_index}, envelope_from => scalar $pms->get_envelope_from(),
      from => [ sort $pms->all_from_addrs() ], domains => [ sort $pms->all_from_addrs_domains() ], to => [ $pms->all_to_addrs() ],
      reversed => { map { my $tag = $pms->get_tag_raw('RELAYS' . uc($_) . 'REVIP'); $_ => ref $tag ? $tag : defined $tag ? [$tag] : [] }
        qw(trusted untrusted internal external) },
    );
    for my $request (@requests) {
      my @values = $pms->get($request);
      my $value = $pms->get($request, undef);
      $out{get}{$request} = [ $value, @values ];
    }
    $pms->finish; $msg->finish;
    return \%out;
  },
);
while (my $line = <STDIN>) {
  my ($name, @arguments) = @{ $json->decode($line) };
  utf8::downgrade($_) for @arguments;
  my $answer = $calls{$name}->(@arguments);
  print $json->encode($answer), "\n";
}
