// Operating system and browser out of a user agent, by bowser, in the words that the history keeps: the
// version that people know (Windows 10, macOS 10.15.7), nothing where the user agent does not tell. And out
// of user agent client hints, which are all that some recorders keep.
import Bowser from 'bowser';
import { z } from 'zod';

export interface Client {
  os: string;
  osVersion: string;
  browser: string;
  browserVersion: string;
}

export function readUserAgent(userAgent: string | null): Client {
  if (userAgent === null) return { os: '', osVersion: '', browser: '', browserVersion: '' };
  const { os, browser } = Bowser.parse(userAgent);
  return {
    os: os.name ?? '',
    // Windows calls itself NT 10.0; elsewhere the number says more than the name.
    osVersion: (os.name === 'Windows' ? os.versionName : undefined) ?? os.version ?? '',
    browser: browser.name ?? '',
    browserVersion: browser.version ?? '',
  };
}

const brands = z.array(z.object({ brand: z.string(), version: z.string() })).catch([]);
const clientHints = z.object({
  brands: brands.optional(),
  fullVersionList: brands.optional(),
  platform: z.string().catch(''),
  platformVersion: z.string().catch('').default(''),
});

/** Browsers call themselves otherwise in their hints than bowser calls them. */
const BROWSER_OF_BRAND: Readonly<Record<string, string>> = {
  'Google Chrome': 'Chrome',
  'Samsung Internet': 'Samsung Internet for Android',
};
/** Every one of these is under browsers that have a brand of their own, too. */
const ENGINE_BRAND = 'Chromium';
/**
 * The first platform version of Windows 11 (Microsoft, "Detect Windows 11 using User-Agent Client Hints").
 */
const WINDOWS_11_FROM = 13;

/** @param value `navigator.userAgentData`, with or without its high-entropy values; null for anything else */
export function readClientHints(value: unknown): Client | null {
  const read = clientHints.safeParse(value);
  if (!read.success) return null;
  const { platform, platformVersion } = read.data;
  const listed = read.data.fullVersionList ?? [];
  // One brand is made up each time, so that nobody relies on the list: `Not(A:Brand`, ` Not A;Brand`.
  const known = (listed.length > 0 ? listed : (read.data.brands ?? [])).filter(
    ({ brand }) => !/not.{0,2}a.{0,2}brand/i.test(brand),
  );
  const own = known.find(({ brand }) => brand !== ENGINE_BRAND) ?? known[0];
  if (own === undefined && platform === '') return null;
  return {
    os: platform === 'Unknown' ? '' : platform,
    osVersion: platform === 'Windows' ? windowsVersion(platformVersion) : platformVersion,
    browser: BROWSER_OF_BRAND[own?.brand ?? ''] ?? own?.brand ?? '',
    browserVersion: own?.version ?? '',
  };
}

function windowsVersion(platformVersion: string): string {
  const major = Number.parseInt(platformVersion, 10);
  if (!(major > 0)) return '';
  return major >= WINDOWS_11_FROM ? '11' : '10';
}
