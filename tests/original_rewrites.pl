#!/usr/bin/perl
# Rewrites messages with the real Mail::SpamAssassin, each in a process of its own so that none sees another's traces.
# In, as JSON lines: first the configuration, then {message (octets, one a character), remove, report} a line.
# Out, a JSON string a message: without its markup (remove), else rewritten, followed by the report (report).
use strict; use warnings;
use JSON::PP; use Mail::SpamAssassin;
my $json = JSON::PP->new->ascii->allow_nonref;
my $text = $json->decode(scalar <STDIN>);
utf8::downgrade($text);
my $sa = Mail::SpamAssassin->new({ config_text => $text, local_tests_only => 1, dont_copy_prefs => 1,
  userstate_dir => '/nonexistent', userprefs_filename => '/nonexistent' });
$sa->init(0);
$| = 1;
while (my $line = <STDIN>) {
  my $job = $json->decode($line);
  my $message = $job->{message};
  utf8::downgrade($message);
  my $pid = fork();
  die "fork: $!" unless defined $pid;
  if ($pid) { waitpid($pid, 0); next; }
  my $msg = $sa->parse([split(/^/m, $message, -1)], 1);
  my $out;
  if ($job->{remove}) {
    $out = $sa->remove_spamassassin_markup($msg);
  } else {
    my $pms = $sa->check($msg);
    $out = $pms->rewrite_mail();
    $out .= $pms->get_report() if $job->{report};
  }
  utf8::encode($out) if utf8::is_utf8($out);
  print $json->encode($out), "\n";
  exec('/bin/true');   # ends at once, without what the parent would clean up
}
