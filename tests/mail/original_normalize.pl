#!/usr/bin/perl
# What Mail::SpamAssassin makes of text in a charset. A line in: charset, 1 for characters, 1 to insist, text; all hex
# but the flags. A line out: 1 if the answer is characters, the answer in hex; or, for one field, the charset's name.
use strict; use warnings;
use Encode (); use Mail::SpamAssassin::Message::Node;
$SIG{__WARN__} = sub {};
while (my $line = <STDIN>) {
  chomp $line;
  my ($charset, $characters, $insist, $text) = split /,/, $line, -1;
  $charset = pack 'H*', $charset;
  if (!defined $text) {
    my $encoding = Encode::find_encoding($charset);
    print defined $encoding ? $encoding->name : '', "\n";
    next;
  }
  my $answer = Mail::SpamAssassin::Message::Node::_normalize(pack('H*', $text), $charset, $characters, $insist);
  my $wide = utf8::is_utf8($answer) ? 1 : 0;
  utf8::encode($answer) if $wide;
  print "$wide,", unpack('H*', $answer), "\n";
}
