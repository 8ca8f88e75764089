#!/usr/bin/perl
# Asks the real Mail::SpamAssassin about networks and addresses: a JSON object a line in, its answer a line out.
use strict; use warnings;
BEGIN { require FindBin; require "$FindBin::RealBin/../without_optional.pl" }
use JSON::PP; use Mail::SpamAssassin; use Mail::SpamAssassin::NetSet; use Mail::SpamAssassin::Constants qw(:ip);
use Mail::SpamAssassin::Util qw(reverse_ip_address);
my $json = JSON::PP->new->latin1->canonical;
my ($address, $private, $localhost, $v4) = (IP_ADDRESS, IP_PRIVATE, LOCALHOST, IPV4_ADDRESS);
my %calls = (
  set => sub {
    my ($networks, $addresses) = @_;
    my $set = Mail::SpamAssassin::NetSet->new('tried');
    local $SIG{__WARN__} = sub { };
    my @added = map { $set->add_cidr($_) } @$networks;
    return { added => \@added, contains => [ map { $set->contains_ip($_) ? 1 : 0 } @$addresses ] };
  },
  text => sub {
    my ($text) = @_;
    return {
      address => ($text =~ /($address)/ ? "$1" : undef), v4 => ($text =~ /($v4)/ ? "$1" : undef),
      localhost => ($text =~ /($localhost)/ ? "$1" : undef), private => ($text =~ $private ? 1 : 0),
      reverse => scalar reverse_ip_address($text),
    };
  },
);
while (my $line = <STDIN>) {
  my ($name, @arguments) = @{ $json->decode($line) };
  print $json->encode($calls{$name}->(@arguments)), "\n";
}
