# Renders pages with the original and prints what it makes of each as a line of JSON.
# In: for each page a line "MODE LENGTH", then LENGTH bytes; mode 0: ASCII not decoded, 1: UTF-8 to be decoded,
# 2: bytes to be taken as they are (utf8_mode).
use strict;
use warnings;
use JSON::PP;
use Mail::SpamAssassin::HTML;

binmode STDIN;
binmode STDOUT;
local $SIG{__WARN__} = sub { };
my $json = JSON::PP->new->ascii->canonical->allow_nonref;
while (my $line = <STDIN>) {
  my ($mode, $length) = split ' ', $line;
  my $page = '';
  read(STDIN, $page, $length) if $length;
  utf8::decode($page), utf8::upgrade($page) if $mode == 1;
  my $html = Mail::SpamAssassin::HTML->new($mode == 2 ? 0 : 1, 1);
  $html->parse($page);
  my @texts = ($html->get_rendered_text(), map { $html->get_rendered_text(invisible => $_) } 0, 1);
  print $json->encode({
    texts => \@texts,
    wide => [map { utf8::is_utf8($_) ? JSON::PP::true : JSON::PP::false } @texts],
    facts => $html->get_results,
  }), "\n";
}
