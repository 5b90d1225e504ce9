// Operating system and browser out of a user agent, by bowser, in the words that the history keeps: the version that people
// know (Windows 10, macOS 10.15.7), nothing where the user agent does not tell.
import Bowser from 'bowser';

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
