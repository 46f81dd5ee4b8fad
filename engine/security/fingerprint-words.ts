/**
 * 256 words, one for each byte, to compare fingerprints by voice. Any two differ in their first four letters and by at
 * least three edits. Both peers must use the same list in the same order, so a changed word is a protocol change.
 */
export const WORDS: readonly string[] = `
  acorn acrobat album almond amber anchor animal apple april arctic arrow artist aspen atlas autumn
  badge baker balcony bamboo banana banjo barley beetle bench berry bicycle biscuit bison blanket
  blossom bonfire bronze bucket buffalo bulldog butter cabin cactus camel candle canyon carpet cedar
  celery cello chalk chimney circle citrus clock clover cobweb coconut coffee compass copper coral
  cotton crane cricket crystal curtain daisy dancer denim desert diamond dolphin domino donkey dragon
  drum dune eagle echo eclipse elbow emerald engine evening fabric farmer feather fern fiddle finger
  flute forest fossil fox galaxy garden garlic gazelle giraffe glacier goblet gorilla granite guitar
  hamster harbor harvest helmet hexagon hippo horizon hotel iceberg igloo iris island ivory jackpot
  jaguar jasmine jewel jigsaw jukebox jungle kayak kidney kitchen kiwi koala ladder lagoon lantern
  lava lemon leopard library lighter lizard lobster lotus lullaby magnet magpie mailbox mammoth marble
  marina meadow mirror mitten monsoon mosaic muffin museum mustard napkin nectar nest nickel ninja
  noodle north nutmeg oasis oatmeal ocean octopus olive onion orbit orchid origami oxygen palace panda
  peanut pebble pelican pencil piano pigeon pillow pirate plywood polar pollen pony postman potato
  prairie pumpkin puzzle pyramid quartz queen quill rabbit radio rainbow raven rhubarb ribbon ruby
  saffron salt saturn scarf scooter silver sketch slipper snorkel snow soccer spider spinach spoon
  spring squid stadium sugar summit sunset swan sweater tadpole teapot temple tennis thistle thunder
  toast toolbox toucan tractor trumpet tulip tunnel turtle tuxedo unicorn vanilla vase village vinegar
  violin volcano voyage waffle walkway walnut window wolf wombat yacht yard yoyo zebra zigzag zinc
`
  .trim()
  .split(/\s+/);
