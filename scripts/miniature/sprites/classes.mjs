// Which drawings show which of the 20 VOC classes. A pattern matches the whole icon name after skin-tone suffixes and
// the number of a variant are cut off; names differ between the sets ('babychick', 'baby-chick').

export const CLASSES = [
  'airplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair', 'cow', 'dining table', 'dog', 'horse',
  'motorbike', 'person', 'potted plant', 'sheep', 'sofa', 'train', 'tv monitor',
];

// Turkey is left out on purpose: one set shows the flag of the country under that name.
const BIRDS = 'bird|black-?bird|eagle|duck|dove|doveofpeace|owl|parrot|swan|flamingo|penguin|baby-?chick|front-?facing-?(baby-)?chick|' +
  'hatching-?chick|chicken|rooster|peacock|goose|dodo';
// People alone, without a second object (a bicycle, a horse, a boat) in the drawing.
const PEOPLE = '(person|man|woman|adult|boy|girl|child|older-person|old-man|old-woman|older-adult)' +
  '(-(standing|walking|running|bald|beard|blond-hair|blonde-hair|red-hair|white-hair|curly-hair|artist|astronaut|bowing|cook|' +
  'construction-worker|detective|facepalming|factory-worker|farmer|firefighter|frowning|gesturing-no|gesturing-ok|guard|' +
  'health-worker|in-tuxedo|in-lotus-position|judge|kneeling|mechanic|office-worker|pilot|police-officer|pouting|raising-hand|' +
  'scientist|shrugging|singer|student|superhero|teacher|tipping-hand|wearing-turban|dancing|cartwheeling|walking-facing-right|' +
  'running-facing-right|with-white-cane))?|walking|runner|police-?officer|construction-?worker|guardsman|artist|astronaut|cook|' +
  'farmer|firefighter|health-worker|judge|mechanic|office-worker|pilot|scientist|singer|student|teacher|detective|prince|princess';

const PATTERNS = {
  airplane: 'airplane|airplane-arrival|airplane-departure|small-airplane|northeast-pointing-airplane|up-pointing-(small-|military-)?airplane',
  bicycle: 'bicycle|cargo-bike',
  bird: BIRDS,
  boat: 'sailboat|speedboat|motor-?boat|ferry|passenger-?ship|ship|canoe|rowboat',
  bottle: 'baby-?bottle|bottle-with-popping-cork|beer-bottle|plastic-bottle|glass-bottle|lotion-bottle|sake|sakebottleandcup',
  bus: 'bus|oncoming-?bus|minibus|trolleybus',
  car: 'automobile|oncoming-?automobile|taxi|oncoming-?taxi|police-?car|oncoming-?police-?car|sport-utility-vehicle|racing-car|racecar|autonomous-car',
  cat: 'cat|cat-face|black-cat',
  chair: 'chair|seat|armchair',
  cow: 'cow|cow-face|ox|water-?buffalo',
  dog: 'dog|dog-face|poodle|guide-dog|service-dog',
  horse: 'horse|horse-?face',
  motorbike: 'motorcycle|motor-scooter',
  person: PEOPLE,
  'potted plant': 'potted-plant',
  sheep: 'sheep|ewe|ram',
  sofa: 'couch-and-lamp',
  train: 'train|locomotive|steamlocomotive|diesel-locomotive|high-?speed-?train|highspeedtrainbulletnose|bullet-train|metro|light-rail|railway-?car|tram|tram-?car',
  'tv monitor': 'television|desktop-?computer',
};

// Plants that are set into a drawn pot, since most sets have only one potted plant or none.
export const POTTABLE = /^(tulip|cactus|sunflower|rose|hibiscus|herb|seedling|palm-?tree|cherry-?blossom|deciduous-?tree|blossom|evergreen-?tree|shamrock|four-?leaf-?clover|bouquet)$/;

const TONES = /-(light|medium-light|medium|medium-dark|dark)(-skin-tone)?$/;
const compiled = Object.entries(PATTERNS).map(([name, pattern]) => [name, new RegExp(`^(${pattern})$`)]);

/** The class that an icon shows, or null; `tone` is true for a skin-tone variant. */
export function classify(iconName) {
  const tone = TONES.test(iconName);
  const base = iconName.replace(TONES, '').replace(/-\d$/, '');
  const hit = compiled.find(([, pattern]) => pattern.test(base));
  return hit ? { category: hit[0], base, tone } : null;
}

// Drawings kept for the demo pictures: these names are absent from training in the whole fluent family.
export const DEMO_NAMES = new Set([
  'airplane-departure', 'parrot', 'owl', 'sailboat', 'oncoming-bus', 'sport-utility-vehicle', 'taxi', 'cat', 'cow',
  'dog', 'horse', 'potted-plant', 'ram', 'couch-and-lamp', 'locomotive', 'television', 'man-walking',
  'woman-standing', 'person-walking', 'woman-farmer', 'bottle-with-popping-cork',
]);
