#!/usr/bin/perl
# Judges messages with the real Mail::SpamAssassin, each in a process of its own so that none sees another's traces.
# In, as JSON lines: first {configuration, tags, network (whether DNS may be asked), languages (TextCat's file)}, then a message (octets, one a character) a line.
# Out, a JSON line a message: hits {rule: [score, count, area, description, logs]}, subtests {rule: count}, score,
# autolearn, tags {name: text}.
use strict; use warnings;
use JSON::PP; use Mail::SpamAssassin;
my $json = JSON::PP->new->ascii->allow_nonref->canonical;
my $setup = $json->decode(scalar <STDIN>);
my $text = $setup->{configuration};
utf8::downgrade($text);
my $sa = Mail::SpamAssassin->new({ config_text => $text, local_tests_only => $setup->{network} ? 0 : 1, dont_copy_prefs => 1,
  userstate_dir => '/nonexistent', userprefs_filename => '/nonexistent',
  -e $setup->{languages} ? (languages_filename => $setup->{languages}) : () });
$sa->init(0);
# Mail::DMARC asks the system's name servers, whatever dns_server says.
my ($host, $port) = $text =~ /^dns_server \[?([\d.]+)\]?:(\d+)/m;
if ($setup->{network} && $port && eval { require Mail::DMARC::PurePerl; require Net::DNS; 1 }) {
  my $asked = Net::DNS::Resolver->new(nameservers => [$host], port => $port, dnsrch => 0);
  no warnings 'redefine';
  *Mail::DMARC::Base::get_resolver = sub { $asked };
}
$| = 1;
while (my $line = <STDIN>) {
  my $message = $json->decode($line);
  utf8::downgrade($message);
  my $pid = fork();
  die "fork: $!" unless defined $pid;
  if ($pid) { waitpid($pid, 0); next; }
  my $msg = $sa->parse($message, 1);
  my $pms = $sa->check($msg);
  my (%hits, %subtests, %tags);
  for my $rule (@{$pms->{test_names_hit}}) {
    my $log = $pms->{test_logs}->{$rule};
    $hits{$rule} ||= [ 0 + ($pms->{conf}->{scores}->{$rule} || 0), 0, $log->{area}, $log->{desc}, $log->{msg} || [] ];
    $hits{$rule}[1]++;
  }
  $subtests{$_}++ for @{$pms->{subtest_names_hit} || []};
  for my $tag (@{$setup->{tags} || []}) {
    my $value = $pms->get_tag($tag);
    $value = join(' ', @$value) if ref $value eq 'ARRAY';
    $tags{$tag} = defined $value ? "$value" : undef;
  }
  print $json->encode({ hits => \%hits, subtests => \%subtests, score => 0 + $pms->get_score, tags => \%tags,
    autolearn => $pms->get_autolearn_status }), "\n";
  $pms->finish; $msg->finish;
  exec('/bin/true');   # ends at once, without what the parent would clean up
}
